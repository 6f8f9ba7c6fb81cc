/** Where each command lies on the strip above a session's timeline. Pure geometry in fractions of the strip's width. */
import type { Run, RunStatus } from './rows';

export interface Bar {
  action: string;
  status: RunStatus;
  left: number;
  width: number;
  label: string;
  seq: number;
}

export interface Tick {
  at: number;
  ms: number;
}

/** No bar is thinner than this, or it could not be seen nor clicked. */
const THINNEST = 0.004;

/** A command that still runs reaches up to `now`. */
export function bars(runs: Iterable<Run>, from: number, to: number, now = to): Bar[] {
  const span = Math.max(1, to - from);
  return [...runs].map((run) => {
    const start = run.startedAt ?? run.proposedAt;
    const left = clamp((start - from) / span);
    const width = Math.max(THINNEST, clamp(((run.endedAt ?? Math.min(now, to)) - start) / span));
    return { action: run.action, status: run.status, left: Math.min(left, 1 - width), width: Math.min(width, 1), label: (run.command ?? 'erased command').split('\n')[0] ?? '', seq: run.firstSeq };
  });
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400, 604_800].map((seconds) => seconds * 1000);

/** Round times, about `wanted` of them. */
export function ticks(from: number, to: number, wanted = 6): Tick[] {
  const span = Math.max(1, to - from);
  const step = STEPS.find((one) => span / one <= wanted) ?? span;
  const found: Tick[] = [];
  for (let ms = Math.ceil(from / step) * step; ms <= to; ms += step) found.push({ at: (ms - from) / span, ms });
  return found;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
