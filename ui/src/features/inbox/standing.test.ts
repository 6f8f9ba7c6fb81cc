import { expect, it } from 'vitest';
import { hours, minutes, nameOf, zone } from './standing';

it('says hours in words', () => {
  expect(hours({ days: 127, from_minute: null, to_minute: null, utc_offset_minutes: 0 })).toBe('at any time');
  expect(hours({ days: 0b0011111, from_minute: 1080, to_minute: 360, utc_offset_minutes: 60 })).toBe('Mon to Fri from 18:00 to 06:00, UTC+1');
  expect(hours({ days: 0b1100001, from_minute: 0, to_minute: 1440, utc_offset_minutes: -210 })).toBe('Mon, Sat, Sun from 00:00 to 00:00, UTC−3:30');
});

it('reads fields', () => {
  expect([minutes('06:30'), minutes(''), zone(0)]).toEqual([390, null, 'UTC']);
  expect(nameOf('  After hours: incident response! ')).toBe('after-hours-incident-response');
});
