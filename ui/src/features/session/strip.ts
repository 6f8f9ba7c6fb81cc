/** Where each command lies on the strip above a session's timeline. Pure geometry in fractions of the strip's width. */
import type { CommandMark } from '../../generated/CommandMark';
import { duration } from '../../app/time';
import type { Run } from './rows';
import { statusWords } from './status';

export interface Bar {
  action: string;
  status: string;
  left: number;
  width: number;
  label: string;
  seq: number;
  words: string;
}

export interface Tick {
  at: number;
  ms: number;
}

/** No bar is thinner than this, or it could not be seen nor clicked. */
const THINNEST = 0.004;

/** A command that still runs reaches up to `now`. */
export function bars(marks: Iterable<CommandMark>, from: number, to: number, now = to, runs: ReadonlyMap<string, Run> = new Map()): Bar[] {
  const span = Math.max(1, to - from);
  return [...marks].map((mark) => {
    const left = clamp((mark.from_ms - from) / span);
    const width = Math.max(THINNEST, clamp(((mark.to_ms ?? Math.min(now, to)) - mark.from_ms) / span));
    const run = mark.commands === 1 ? runs.get(mark.action) : undefined;
    return { action: mark.action, status: mark.status, left: Math.min(left, 1 - width), width: Math.min(width, 1), label: mark.label, seq: mark.seq, words: run ? statusWords(run, now) : wordsOf(mark) };
  });
}

function wordsOf(mark: CommandMark): string {
  if (mark.commands > 1) return `worst outcome: ${mark.status.replace('_', ' ')}`;
  return mark.to_ms === null ? mark.status.replace('_', ' ') : `${mark.status.replace('_', ' ')} in ${duration(mark.to_ms - mark.from_ms)}`;
}

/** A command that is on the timeline, as a mark. */
export function markOf(run: Run): CommandMark {
  return { action: run.action, seq: run.firstSeq, from_ms: run.startedAt ?? run.proposedAt, to_ms: run.endedAt, status: run.status, label: (run.command ?? 'erased command').split('\n')[0] ?? '', commands: 1 };
}

/** Marks of the whole session, each brought up to date by what the timeline knows of it; newer commands follow. */
export function together(marks: readonly CommandMark[], runs: ReadonlyMap<string, Run>): CommandMark[] {
  const named = new Set(marks.map((mark) => mark.action));
  const last = marks.reduce((latest, mark) => Math.max(latest, mark.to_ms ?? mark.from_ms), Number.NEGATIVE_INFINITY);
  const whole = marks.every((mark) => mark.commands === 1);
  const fresh = [...runs.values()].filter((run) => !named.has(run.action) && (whole || run.proposedAt > last));
  return [
    ...marks.map((mark) => {
      const run = mark.commands === 1 ? runs.get(mark.action) : undefined;
      return run ? markOf(run) : mark;
    }),
    ...fresh.map(markOf),
  ];
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
