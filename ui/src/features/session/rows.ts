/**
 * From a session's entries to what the timeline draws: one row per entry, outputs in blocks of lines so that a long output costs
 * no more on screen than a short one. Pure; says nothing about what is verified beyond what each entry carries.
 */
import type { Segment } from '../../generated/Segment';
import type { TimelineItem } from '../../generated/TimelineItem';
import type { Page } from './pages';

/** Lines drawn together as one row. */
export const BLOCK_LINES = 16;

/** One line: as recorded, or in segments when something in it must be made visible. */
export type Line = string | Segment[];

export type RunStatus = 'proposed' | 'waiting' | 'running' | 'ok' | 'failed' | 'refused' | 'cancelled' | 'timed_out' | 'unknown';

/** One command from proposal to end. */
export interface Run {
  action: string;
  command: string | null;
  commandSegments: Segment[] | null;
  reason: string;
  interpreter: string;
  proposedAt: number;
  startedAt: number | null;
  endedAt: number | null;
  durationMs: number | null;
  status: RunStatus;
  exitCode: number | null;
  cancelRequested: boolean;
  outputLines: number;
  policy: string | null;
  firstSeq: number;
}

export type Row =
  | { kind: 'day'; key: string; ms: number }
  | { kind: 'page'; key: string; page: number; entries: number }
  | { kind: 'command'; key: string; item: TimelineItem; run: Run }
  | { kind: 'lines'; key: string; item: TimelineItem; lines: Line[]; stream: string; head: boolean }
  | { kind: 'folded'; key: string; item: TimelineItem; run: Run }
  | { kind: 'finish'; key: string; item: TimelineItem; run: Run }
  | { kind: 'say'; key: string; item: TimelineItem }
  | { kind: 'state'; key: string; item: TimelineItem }
  | { kind: 'event'; key: string; item: TimelineItem };

/** Everything about each command of a session, by action. */
export function runsOf(items: readonly TimelineItem[]): Map<string, Run> {
  const runs = new Map<string, Run>();
  for (const item of items) {
    if (item.action === null) continue;
    if (item.kind === 'action.proposed') {
      runs.set(item.action, begin(item));
      continue;
    }
    const run = runs.get(item.action);
    if (run) advance(run, item);
  }
  return runs;
}

function begin(item: TimelineItem): Run {
  const command = item.texts.find((text) => text.name === 'command');
  return {
    action: item.action ?? '',
    command: command?.text ?? null,
    commandSegments: command?.segments ?? null,
    reason: item.texts.find((text) => text.name === 'reason')?.text ?? '',
    interpreter: String(item.facts['interpreter'] ?? ''),
    proposedAt: item.time_ms,
    startedAt: null,
    endedAt: null,
    durationMs: null,
    status: 'proposed',
    exitCode: null,
    cancelRequested: false,
    outputLines: 0,
    policy: null,
    firstSeq: item.seq,
  };
}

function advance(run: Run, item: TimelineItem): void {
  switch (item.kind) {
    case 'approval.requested':
      run.status = 'waiting';
      break;
    case 'approval.decided':
      if (item.facts['decision'] !== 'approved') end(run, item, 'refused');
      break;
    case 'action.authorised':
      run.policy = typeof item.facts['policy'] === 'string' ? item.facts['policy'] : null;
      break;
    case 'action.refused':
      end(run, item, 'refused');
      break;
    case 'action.unknown':
      end(run, item, 'unknown');
      break;
    case 'action.cancel_requested':
      run.cancelRequested = true;
      break;
    case 'command.started':
      run.startedAt = item.time_ms;
      run.status = 'running';
      break;
    case 'command.output':
      run.outputLines += (item.texts[0]?.text?.match(/\n/g) ?? []).length;
      break;
    case 'command.finished':
      run.exitCode = item.exit_code;
      run.durationMs = typeof item.facts['duration_ms'] === 'number' ? item.facts['duration_ms'] : null;
      end(run, item, outcome(item));
      break;
  }
}

function end(run: Run, item: TimelineItem, status: RunStatus): void {
  run.endedAt = item.time_ms;
  run.status = status;
}

function outcome(item: TimelineItem): RunStatus {
  switch (item.facts['outcome']) {
    case 'cancelled':
      return 'cancelled';
    case 'timed_out':
      return 'timed_out';
    case 'exited':
      return item.exit_code === 0 ? 'ok' : 'failed';
    default:
      return 'failed';
  }
}

/** Whether a command has come to its end. */
export function isOver(run: Run): boolean {
  return run.endedAt !== null;
}

/** Entries that every command has and that its own row already says. */
const SAID_BY_COMMAND = new Set(['command.started', 'action.authorised']);

/** Splits texts into lines once and remembers them: entries never change, only their verification does. */
export class RowBuilder {
  #lines = new Map<number, Line[]>();

  build(items: readonly TimelineItem[], runs: Map<string, Run>, folded: ReadonlySet<string>, everything: boolean): Row[] {
    const rows: Row[] = [];
    let day = '';
    for (let at = 0; at < items.length; at += 1) {
      const item = items[at];
      if (!item) continue;
      const today = new Date(item.time_ms).toISOString().slice(0, 10);
      if (today !== day) {
        day = today;
        rows.push({ kind: 'day', key: `day-${item.seq}`, ms: item.time_ms });
      }
      const run = item.action === null ? undefined : runs.get(item.action);
      if (item.kind === 'command.output' && !everything) {
        const last = lastOfOutput(items, at);
        if (run && folded.has(run.action)) {
          if (isFirstOutput(items, at)) rows.push({ kind: 'folded', key: `folded-${item.seq}`, item, run });
        } else {
          this.#output(rows, items.slice(at, last + 1) as TimelineItem[]);
        }
        at = last;
        continue;
      }
      const row = plainRow(item, run, everything);
      if (row) rows.push(row);
    }
    return rows;
  }

  /** Rows of the pages that are here, and one in the place of each that is not. */
  ofPages(pages: readonly Page[], runs: Map<string, Run>, folded: ReadonlySet<string>, everything: boolean): Row[] {
    const rows: Row[] = [];
    let together: TimelineItem[] = [];
    const flush = (): void => {
      for (const row of this.build(together, runs, folded, everything)) rows.push(row);
      together = [];
    };
    pages.forEach((page, at) => {
      if (page.items !== null) {
        together = together.length === 0 ? page.items : together.concat(page.items);
        return;
      }
      flush();
      rows.push({ kind: 'page', key: `page-${page.from}`, page: at, entries: page.entries });
    });
    flush();
    return rows;
  }

  #output(rows: Row[], pieces: TimelineItem[]): void {
    let lines: Line[] = [];
    let owner: TimelineItem | undefined;
    let head = true;
    let block = 0;
    const flush = (): void => {
      if (!owner || lines.length === 0) return;
      rows.push({ kind: 'lines', key: `out-${owner.seq}-${block++}`, item: owner, lines, stream: owner.stream ?? 'stdout', head });
      head = false;
      lines = [];
      owner = undefined;
    };
    let carried: { line: Line; owner: TimelineItem } | null = null;
    for (const piece of pieces) {
      const split = this.#split(piece);
      for (let at = 0; at < split.length; at += 1) {
        let line = split[at] ?? '';
        let from = piece;
        if (at === 0 && carried !== null) {
          line = join(carried.line, line);
          from = carried.owner;
          carried = null;
        }
        if (at === split.length - 1) {
          if (!isEmpty(line)) carried = { line, owner: from };
          break;
        }
        owner ??= from;
        lines.push(line);
        if (lines.length === BLOCK_LINES) flush();
      }
    }
    if (carried !== null) {
      owner ??= carried.owner;
      lines.push(carried.line);
    }
    flush();
  }

  /** Lines of one piece of output; the last is what follows the last line feed, often nothing. */
  #split(item: TimelineItem): Line[] {
    const known = this.#lines.get(item.seq);
    if (known) return known;
    const text = item.texts.find((one) => one.name === 'output');
    let lines: Line[];
    if (!text || text.text === null) lines = [[{ type: 'escape', label: 'text erased or not disclosed' }], ''];
    else lines = text.segments === null ? text.text.split('\n') : linesOf(text.segments);
    this.#lines.set(item.seq, lines);
    return lines;
  }
}

function plainRow(item: TimelineItem, run: Run | undefined, everything: boolean): Row | null {
  const key = `e-${item.seq}`;
  if (run && item.kind === 'action.proposed') return { kind: 'command', key, item, run };
  if (run && item.kind === 'command.finished') return { kind: 'finish', key, item, run };
  if (item.kind === 'chat.message' || item.kind === 'note.added') return { kind: 'say', key, item };
  if (item.kind === 'state.captured') return { kind: 'state', key, item };
  const ordinary = item.verification !== 'broken' && SAID_BY_COMMAND.has(item.kind) && (item.kind !== 'action.authorised' || item.facts['channel'] === 'policy');
  return ordinary && !everything ? null : { kind: 'event', key, item };
}

/** Pieces of one stream of one command that directly follow each other are one text. */
function lastOfOutput(items: readonly TimelineItem[], from: number): number {
  const first = items[from];
  let last = from;
  while (last + 1 < items.length) {
    const next = items[last + 1];
    if (!next || next.kind !== 'command.output' || next.action !== first?.action || next.stream !== first.stream || next.verification === 'broken' || first.verification === 'broken') break;
    last += 1;
  }
  return last;
}

function isFirstOutput(items: readonly TimelineItem[], at: number): boolean {
  const action = items[at]?.action;
  for (let before = at - 1; before >= 0; before -= 1) {
    const item = items[before];
    if (item?.action === action && item?.kind === 'command.output') return false;
    if (item?.action === action && item?.kind === 'action.proposed') return true;
  }
  return true;
}

/** Splits segments at line feeds; labels stay whole. */
export function linesOf(segments: readonly Segment[]): Line[] {
  const lines: Segment[][] = [[]];
  for (const segment of segments) {
    if (segment.type === 'escape') {
      lines[lines.length - 1]?.push(segment);
      continue;
    }
    segment.text.split('\n').forEach((text, at) => {
      if (at > 0) lines.push([]);
      if (text !== '') lines[lines.length - 1]?.push({ type: 'plain', text });
    });
  }
  return lines.map(simplest);
}

function simplest(line: Segment[]): Line {
  return line.every((segment) => segment.type === 'plain') ? line.map((segment) => (segment.type === 'plain' ? segment.text : '')).join('') : line;
}

function isEmpty(line: Line): boolean {
  return line.length === 0;
}

function join(a: Line, b: Line): Line {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  const parts = (line: Line): Segment[] => (typeof line === 'string' ? (line === '' ? [] : [{ type: 'plain', text: line }]) : line);
  return [...parts(a), ...parts(b)];
}

/** Takes in new or changed entries; keeps the order of sequence numbers. */
export function merge(items: readonly TimelineItem[], news: readonly TimelineItem[]): TimelineItem[] {
  const first = news[0];
  const last = items[items.length - 1];
  if (!first) return [...items];
  if (!last || first.seq > last.seq) return [...items, ...news];
  const bySeq = new Map(items.map((item) => [item.seq, item]));
  for (const item of news) bySeq.set(item.seq, item);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}
