/**
 * A session's timeline in pages, of which only some are here. Pure: says which page an entry lies in, takes in pages and news, and lets go
 * of pages that are far from what is looked at.
 */
import type { SessionHead } from '../../generated/SessionHead';
import type { SessionPage } from '../../generated/SessionPage';
import type { TimelineItem } from '../../generated/TimelineItem';
import { merge } from './rows';

/** Entries in a page, as the console cuts them. */
export const PAGE_ENTRIES = 256;
/** More pages than this are not kept. */
export const KEPT = 48;

export interface Page {
  /** First sequence number. */
  from: number;
  /** How many entries it has, known or not yet here. */
  entries: number;
  items: TimelineItem[] | null;
  /** Came before the page did. */
  news: TimelineItem[];
  context: TimelineItem[];
}

export function pagesOf(head: SessionHead): Page[] {
  return head.pages.map((from, at) => ({ from, entries: at === head.pages.length - 1 ? head.total - at * PAGE_ENTRIES : PAGE_ENTRIES, items: null, news: [], context: [] }));
}

/** The page in which an entry with this number lies. */
export function pageAt(pages: readonly Page[], seq: number): number {
  let low = 0;
  let high = pages.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pages[middle]?.from ?? 0) <= seq) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Puts a page in its place. News that came for it in the meantime is newer and stays. */
export function take(pages: readonly Page[], at: number, page: SessionPage): Page[] {
  return pages.map((known, place) => {
    if (place !== at) return known;
    const items = merge(merge(page.items, known.items ?? []), known.news);
    return { ...known, items, news: [], entries: items.length, context: page.context };
  });
}

/** News: what is new goes to the end, what changed to the pages that are here. */
export function hear(pages: readonly Page[], news: readonly TimelineItem[]): Page[] {
  const byPage = new Map<number, TimelineItem[]>();
  for (const item of news) {
    const at = pageAt(pages, item.seq);
    byPage.set(at, [...(byPage.get(at) ?? []), item]);
  }
  if (pages.length === 0 && news.length > 0) return [{ from: news[0]?.seq ?? 0, entries: news.length, items: [...news], news: [], context: [] }];
  const last = pages.length - 1;
  return pages.map((page, at) => {
    const mine = byPage.get(at);
    if (!mine) return page;
    if (page.items === null) return at === last ? { ...page, news: merge(page.news, mine) } : page;
    const items = merge(page.items, mine);
    return { ...page, items, entries: items.length };
  });
}

/** Lets go of the pages farthest from this one, when there are too many. The last one stays: it goes on. */
export function forget(pages: readonly Page[], at: number): Page[] {
  const here = pages.flatMap((page, place) => (page.items === null || place === pages.length - 1 ? [] : [place]));
  if (here.length <= KEPT) return [...pages];
  const far = new Set(here.sort((a, b) => Math.abs(b - at) - Math.abs(a - at)).slice(0, here.length - KEPT));
  return pages.map((page, place) => (far.has(place) ? { ...page, items: null, context: [] } : page));
}

/** Everything that is here, with what its commands need, in order. */
export function known(pages: readonly Page[]): TimelineItem[] {
  const bySeq = new Map<number, TimelineItem>();
  for (const page of pages) for (const item of page.context) bySeq.set(item.seq, item);
  for (const page of pages) for (const item of page.items ?? []) bySeq.set(item.seq, item);
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}
