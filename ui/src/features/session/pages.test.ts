import { expect, it } from 'vitest';
import type { SessionHead } from '../../generated/SessionHead';
import type { TimelineItem } from '../../generated/TimelineItem';
import { forget, hear, KEPT, known, PAGE_ENTRIES, pageAt, pagesOf, take } from './pages';

const item = (seq: number, more: Partial<TimelineItem> = {}): TimelineItem => ({ endpoint: 'e', seq, time_ms: seq, kind: 'note.added', actor_kind: 'member', actor_name: 'Ana', headline: '', session: 's', action: null, stream: null, exit_code: null, facts: {}, texts: [], verification: 'verified', fault: null, ...more });
const span = (from: number, count: number) => Array.from({ length: count }, (_, at) => item(from + at));
const head = (total: number): SessionHead => ({ row: { first_seq: 10 } as SessionHead['row'], total, pages: Array.from({ length: Math.ceil(total / PAGE_ENTRIES) }, (_, at) => 10 + at * PAGE_ENTRIES) });

it('knows how many entries each page has before any is here', () => {
  const pages = pagesOf(head(2 * PAGE_ENTRIES + 7));
  expect(pages.map((page) => page.entries)).toEqual([PAGE_ENTRIES, PAGE_ENTRIES, 7]);
  expect(pages.every((page) => page.items === null)).toBe(true);
});

it('finds the page of every entry', () => {
  const pages = pagesOf(head(100_000));
  expect([0, 10, 265, 266, 99_999, 200_000].map((seq) => pageAt(pages, seq))).toEqual([0, 0, 0, 1, 390, 390]);
});

it('takes in news at the end and changes in pages that are here', () => {
  let pages = take(pagesOf(head(PAGE_ENTRIES + 2)), 1, { items: span(266, 2), context: [item(9)] });
  pages = hear(pages, [item(12, { verification: 'broken' }), item(266, { verification: 'unverified' }), item(268)]);
  expect(pages[0]?.items).toBe(null);
  expect(pages[1]?.items?.map((one) => [one.seq, one.verification])).toEqual([[266, 'unverified'], [267, 'verified'], [268, 'verified']]);
  expect(pages[1]?.entries).toBe(3);
  expect(known(pages).map((one) => one.seq)).toEqual([9, 266, 267, 268]);
});

it('begins a session of which nothing is here with its news', () => {
  expect(hear([], span(5, 2))[0]).toMatchObject({ from: 5, entries: 2 });
});

it('lets go of what is far away, never of the end', () => {
  let pages = pagesOf(head(200 * PAGE_ENTRIES));
  for (let at = 0; at < pages.length; at += 1) pages = take(pages, at, { items: span(pages[at]?.from ?? 0, PAGE_ENTRIES), context: [] });
  pages = forget(pages, 10);
  const here = pages.flatMap((page, at) => (page.items === null ? [] : [at]));
  expect(here.length).toBe(KEPT + 1);
  expect(here).toContain(10);
  expect(here).toContain(199);
  expect(here).not.toContain(150);
});
