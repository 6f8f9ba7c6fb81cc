/** Cuts an excerpt at its matches. Offsets that make no sense are left out rather than believed. */
export interface Part {
  text: string;
  hit: boolean;
}

export function cut(excerpt: string, highlights: readonly (readonly [number, number])[]): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const [start, end] of [...highlights].sort((a, b) => a[0] - b[0])) {
    if (start < at || end <= start || end > excerpt.length) continue;
    if (start > at) parts.push({ text: excerpt.slice(at, start), hit: false });
    parts.push({ text: excerpt.slice(start, end), hit: true });
    at = end;
  }
  if (at < excerpt.length) parts.push({ text: excerpt.slice(at), hit: false });
  return parts;
}
