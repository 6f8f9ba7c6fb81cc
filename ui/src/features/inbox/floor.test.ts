import { expect, it } from 'vitest';
import { about, excepted, least } from './floor';

it('says what a floor asks for', () => {
  expect(least({ needed: 1, number: false })).toBe('at least one person’s signed yes');
  expect(least({ needed: 1, number: true })).toBe('at least one person’s signed yes, with the number typed');
  expect(least({ needed: 2, number: true })).toBe('at least 2 people’s signed yes, each with the number typed');
  expect(about({ class: 'destructive' })).toBe('What deletes or overwrites, and what cannot be bounded');
});

it('says what it leaves', () => {
  expect(excepted({ except: [] })).toBe('What was allowed beforehand does not count here.');
  expect(excepted({ except: ['break_glass'] })).toMatch(/^Emergencies run/);
  expect(excepted({ except: ['break_glass', 'policy'] })).toMatch(/without asking, run all the same/);
});
