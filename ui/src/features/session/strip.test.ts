import { expect, it } from 'vitest';
import type { Run } from './rows';
import { bars, markOf, ticks, together } from './strip';

const run = (more: Partial<Run>): Run => ({ action: 'a', command: 'ls\n-l', commandSegments: null, reason: '', interpreter: 'sh', proposedAt: 0, startedAt: 0, endedAt: 0, durationMs: 0, status: 'ok', exitCode: 0, cancelRequested: false, outputLines: 0, policy: null, firstSeq: 0, ...more });

it('lies where and as long as the command ran', () => {
  const [bar] = bars([markOf(run({ startedAt: 250, endedAt: 750 }))], 0, 1000);
  expect(bar).toMatchObject({ left: 0.25, width: 0.5, label: 'ls' });
});

it('stays on the strip and visible, whatever the times say', () => {
  for (const odd of [run({ startedAt: -500, endedAt: -400 }), run({ startedAt: 999, endedAt: 999 }), run({ startedAt: 5000, endedAt: 9000 }), run({ startedAt: 100, endedAt: null, status: 'running' })]) {
    const [bar] = bars([markOf(odd)], 0, 1000);
    expect(bar && bar.left >= 0 && bar.width > 0 && bar.left + bar.width <= 1.0000001).toBe(true);
  }
});

it('reaches up to now while the command runs', () => {
  const [bar] = bars([markOf(run({ startedAt: 100, endedAt: null, status: 'running' }))], 0, 1000, 400);
  expect(bar?.width).toBeCloseTo(0.3);
});

it('marks round times', () => {
  expect(ticks(90_000, 390_000, 6).map((tick) => tick.ms)).toEqual([120_000, 180_000, 240_000, 300_000, 360_000]);
  expect(ticks(0, 0).length).toBeLessThanOrEqual(2);
});

it('puts what the timeline knows in place of what the cache said, and adds what is newer', () => {
  const mark = { ...markOf(run({ action: 'a', status: 'running', endedAt: null })), commands: 1 };
  const known = new Map([['a', run({ action: 'a', status: 'ok', endedAt: 9 })], ['b', run({ action: 'b', proposedAt: 20 })]]);
  expect(together([mark], known).map((one) => [one.action, one.status])).toEqual([['a', 'ok'], ['b', 'ok']]);
  const many = { ...mark, action: 'x', commands: 40, to_ms: 30 };
  expect(together([many], known)).toEqual([many]);
});
