import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { KNOWN_CODES, words } from './errors';
import { ago, bytes, duration, fromDateField } from './time';

it('has words for every code that the console can send', () => {
  const source = readFileSync(new URL('../../../crates/console/src/error.rs', import.meta.url), 'utf8');
  const sent = [...source.matchAll(/=>\s*"([a-z_]+)"/g)].map((match) => match[1] ?? '');
  expect(sent.length).toBeGreaterThan(20);
  expect(sent.filter((code) => !KNOWN_CODES.includes(code))).toEqual([]);
});

it('has honest words for a code that nobody knows', () => {
  expect(words('something_new').severity).toBe('danger');
});

it('says times, durations and sizes as people do', () => {
  expect([0, 400, 9_940, 12_000, 200_000, 7_500_000, 300_000_000].map(duration)).toEqual(['0 ms', '0.4 s', '9.9 s', '12 s', '3 min 20 s', '2 h 5 min', '3 days']);
  expect(ago(1000, 1500)).toBe('just now');
  expect(ago(0, 65_000)).toBe('1 min ago');
  expect([12, 2048, 891_289_600].map(bytes)).toEqual(['12 B', '2.0 KiB', '850 MiB']);
});

it('takes only real days from a date field', () => {
  expect(fromDateField('2026-11-17')).toBe(Date.UTC(2026, 10, 17));
  expect(fromDateField('17.11.2026')).toBeNull();
  expect(fromDateField('2026-13-01')).toBeNull();
});

it('lets nobody but the platform import from tauri', () => {
  const files = readdirSync(new URL('..', import.meta.url), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|svelte)$/.test(name));
  const guilty = files.filter((name) => !name.startsWith('platform/') && /from '@tauri[-]apps/.test(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')));
  expect(files.length).toBeGreaterThan(40);
  expect(guilty).toEqual([]);
});
