/** Search of the in-memory host: every text of every entry, newest first. */
import type { SearchHit } from '../../generated/SearchHit';
import type { SearchQuery } from '../../generated/SearchQuery';
import type { SearchResult } from '../../generated/SearchResult';
import type { Book } from './book';
import { marked } from './visible';

export function find(books: Iterable<Book>, query: SearchQuery): SearchResult {
  const began = performance.now();
  const words = query.text.trim().toLowerCase();
  const hits: SearchHit[] = [];
  let searched = 0;
  let unreadable = 0;
  for (const book of books) {
    if (query.client !== null && book.endpoint.client !== query.client) continue;
    if (query.endpoint !== null && book.endpoint.endpoint !== query.endpoint) continue;
    for (const item of book.items) {
      if (query.kinds.length > 0 && !query.kinds.includes(item.kind)) continue;
      if (query.from_ms !== null && item.time_ms < query.from_ms) continue;
      if (query.to_ms !== null && item.time_ms >= query.to_ms) continue;
      if (query.member !== null && (item.session === null || book.sessions.get(item.session)?.member !== query.member)) continue;
      searched += 1;
      if (item.texts.some((text) => text.text === null)) unreadable += 1;
      for (const text of item.texts) {
        const found = text.text?.toLowerCase().indexOf(words) ?? -1;
        if (words === '' || found < 0 || text.text === null) continue;
        const from = Math.max(0, text.text.lastIndexOf('\n', found) + 1, found - 60);
        const excerpt = marked(text.text.slice(from, found + words.length + 140)).replaceAll('\n', '⏎');
        hits.push({ item, hostname: book.endpoint.hostname, client_name: book.endpoint.client_name, text_name: text.name, excerpt, highlights: marks(excerpt, words) });
      }
    }
  }
  hits.sort((a, b) => b.item.time_ms - a.item.time_ms);
  const limit = query.limit || 50;
  return { hits: hits.slice(0, limit), truncated: hits.length > limit, searched_entries: searched, unreadable_entries: unreadable, took_ms: performance.now() - began };
}

function marks(excerpt: string, words: string): [number, number][] {
  const found: [number, number][] = [];
  const low = excerpt.toLowerCase();
  for (let at = low.indexOf(words); at >= 0; at = low.indexOf(words, at + words.length)) found.push([at, at + words.length]);
  return found;
}
