import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { cut } from './highlight';
import { QUIET_MS, seeker } from './seeker';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('waits until typing pauses, at most 80 milliseconds', async () => {
  expect(QUIET_MS).toBeLessThanOrEqual(80);
  const asked: string[] = [];
  const seek = seeker(async (question: string) => asked.push(question), () => undefined, () => undefined);
  for (const text of ['f', 'fi', 'fir']) {
    seek.ask(text);
    await vi.advanceTimersByTimeAsync(QUIET_MS - 10);
  }
  expect(asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(QUIET_MS);
  expect(asked).toEqual(['fir']);
});

it('lets only the newest question answer, whatever the order of answers', async () => {
  const answer: Record<string, (value: string) => void> = {};
  const told: string[] = [];
  const seek = seeker((question: string) => new Promise<string>((done) => (answer[question] = done)), (value) => told.push(value), () => undefined);
  seek.ask('old');
  await vi.advanceTimersByTimeAsync(QUIET_MS);
  seek.ask('new');
  await vi.advanceTimersByTimeAsync(QUIET_MS);
  answer['new']?.('new answer');
  answer['old']?.('old answer');
  await vi.advanceTimersByTimeAsync(0);
  expect(told).toEqual(['new answer']);
});

it('says nothing after it was stopped', async () => {
  const told: string[] = [];
  const seek = seeker(async (question: string) => question, (value) => told.push(value), () => undefined);
  seek.ask('x');
  await vi.advanceTimersByTimeAsync(QUIET_MS);
  seek.ask('y');
  seek.stop();
  await vi.advanceTimersByTimeAsync(500);
  expect(told).toEqual(['x']);
});

it('cuts an excerpt at its matches and believes no impossible offset', () => {
  expect(cut('a firewall', [[2, 10]])).toEqual([{ text: 'a ', hit: false }, { text: 'firewall', hit: true }]);
  expect(cut('abc', [[5, 9], [2, 1], [0, 99]])).toEqual([{ text: 'abc', hit: false }]);
  expect(cut('abcd', [[0, 3], [1, 2]]).map((part) => part.text).join('')).toBe('abcd');
});
