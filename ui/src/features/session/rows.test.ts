import { describe, expect, it } from 'vitest';
import type { TimelineItem } from '../../generated/TimelineItem';
import { BLOCK_LINES, isOver, linesOf, merge, RowBuilder, runsOf } from './rows';

let next = 0;
function item(kind: string, more: Partial<TimelineItem> = {}): TimelineItem {
  return { endpoint: 'ep', seq: next++, time_ms: 1_794_953_640_000, kind, actor_kind: 'endpoint', actor_name: 'ep', headline: kind, session: 's', action: 'a', stream: null, exit_code: null, facts: {}, texts: [], verification: 'verified', fault: null, ...more };
}
function output(text: string, stream = 'stdout', more: Partial<TimelineItem> = {}): TimelineItem {
  return item('command.output', { stream, texts: [{ name: 'output', text, segments: null }], ...more });
}
function proposed(): TimelineItem {
  return item('action.proposed', { facts: { interpreter: 'bash' }, texts: [{ name: 'command', text: 'x', segments: null }] });
}
function rows(items: TimelineItem[], folded: string[] = [], everything = false) {
  return new RowBuilder().build(items, runsOf(items), new Set(folded), everything);
}
const lines = (items: TimelineItem[]) => rows(items).flatMap((row) => (row.kind === 'lines' ? row.lines : []));

describe('outputs become lines', () => {
  it('joins a line that two pieces share', () => {
    expect(lines([proposed(), output('one\ntw'), output('o\nthree\n')])).toEqual(['one', 'two', 'three']);
  });
  it('keeps a last line without line feed', () => {
    expect(lines([proposed(), output('a\nb')])).toEqual(['a', 'b']);
  });
  it('joins a line that three pieces share, and blank lines stay', () => {
    expect(lines([proposed(), output('a'), output('b'), output('c\n\nd\n')])).toEqual(['abc', '', 'd']);
  });
  it('keeps streams apart, in the order of the log', () => {
    const found = rows([proposed(), output('o1\n'), output('e1\n', 'stderr'), output('o2\n')]).filter((row) => row.kind === 'lines');
    expect(found.map((row) => [row.stream, row.lines])).toEqual([['stdout', ['o1']], ['stderr', ['e1']], ['stdout', ['o2']]]);
  });
  it('draws long outputs in blocks and loses no line', () => {
    const all = Array.from({ length: 100 }, (_, at) => `line ${at}`);
    const found = rows([proposed(), output(`${all.join('\n')}\n`)]).filter((row) => row.kind === 'lines');
    expect(found.flatMap((row) => row.lines)).toEqual(all);
    expect(Math.max(...found.map((row) => row.lines.length))).toBe(BLOCK_LINES);
    expect(found.filter((row) => row.head)).toHaveLength(1);
  });
  it('says that an erased output is erased', () => {
    const erased = item('command.output', { stream: 'stdout', texts: [{ name: 'output', text: null, segments: null }] });
    expect(JSON.stringify(lines([proposed(), erased]))).toContain('erased');
  });
  it('never joins a broken piece with its neighbours', () => {
    const found = rows([proposed(), output('good\n'), output('bad\n', 'stdout', { verification: 'broken' }), output('good again\n')]).filter((row) => row.kind === 'lines');
    expect(found.map((row) => row.item.verification)).toEqual(['verified', 'broken', 'verified']);
  });
  it('gives every row a key of its own', () => {
    const keys = rows([proposed(), output('a\n'.repeat(50)), output('e\n', 'stderr'), output('b\n'.repeat(50))]).map((row) => row.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('segments split at line feeds', () => {
  it('labels stay on their line', () => {
    expect(linesOf([{ type: 'plain', text: 'a\nb' }, { type: 'escape', label: 'ESC[2J' }, { type: 'plain', text: 'c\n' }])).toEqual(['a', [{ type: 'plain', text: 'b' }, { type: 'escape', label: 'ESC[2J' }, { type: 'plain', text: 'c' }], '']);
  });
});

describe('runs', () => {
  const end = (facts: Record<string, unknown>, exit_code: number | null = null) => item('command.finished', { facts, exit_code });
  const run = (...items: TimelineItem[]) => runsOf([proposed(), ...items]).get('a');
  it('is running from its start to its end', () => {
    expect(run(item('command.started'))?.status).toBe('running');
    expect(run(item('command.started'), end({ outcome: 'exited', duration_ms: 5 }, 0))?.status).toBe('ok');
  });
  it('tells failure, cancellation, time limit, refusal and the unknown apart', () => {
    expect(run(end({ outcome: 'exited' }, 3))?.status).toBe('failed');
    expect(run(end({ outcome: 'cancelled' }))?.status).toBe('cancelled');
    expect(run(end({ outcome: 'timed_out' }))?.status).toBe('timed_out');
    expect(run(end({ outcome: 'signalled' }))?.status).toBe('failed');
    expect(run(item('action.refused'))?.status).toBe('refused');
    expect(run(item('action.unknown'))?.status).toBe('unknown');
  });
  it('waits for an approval; a denial ends it', () => {
    const waiting = run(item('approval.requested'));
    expect(waiting?.status).toBe('waiting');
    expect(waiting && isOver(waiting)).toBe(false);
    expect(run(item('approval.requested'), item('approval.decided', { facts: { decision: 'denied' } }))?.status).toBe('refused');
  });
});

describe('folding and every entry', () => {
  it('folds all of a command’s output into one row', () => {
    const kinds = rows([proposed(), output('a\n'), output('e\n', 'stderr'), output('b\n')], ['a']).map((row) => row.kind);
    expect(kinds.filter((kind) => kind === 'folded')).toHaveLength(1);
    expect(kinds).not.toContain('lines');
  });
  it('shows what commands usually say for themselves only on demand, unless it is broken', () => {
    const items = [proposed(), item('command.started')];
    expect(rows(items).map((row) => row.kind)).toEqual(['day', 'command']);
    expect(rows(items, [], true).map((row) => row.kind)).toEqual(['day', 'command', 'event']);
    expect(rows([proposed(), item('command.started', { verification: 'broken' })]).map((row) => row.kind)).toContain('event');
  });
});

describe('merge', () => {
  it('appends what is new and replaces what changed', () => {
    const a = item('x');
    const b = item('x');
    const c = item('x');
    const checked = { ...b, headline: 'checked' };
    expect(merge([a, b], [c])).toEqual([a, b, c]);
    expect(merge([a, b], [checked, c])).toEqual([a, checked, c]);
    expect(merge([b, c], [a])).toEqual([a, b, c]);
    expect(merge([a], [])).toEqual([a]);
  });
});
