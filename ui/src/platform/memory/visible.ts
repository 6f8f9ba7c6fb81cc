/** Stands in for the console's `visible` module, far enough for the in-memory host: escapes, controls, bidirectional overrides. */
import type { Segment } from '../../generated/Segment';

const HIDDEN = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)?|\r(?!\n)|[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u0430]/gu;
const NAMES: Record<string, string> = { '\u0000': 'NUL', '\u0007': 'BEL', '\r': 'CR', '\u202e': 'RLO', '\u200b': 'ZWSP', '\u0430': 'Cyrillic а' };

export function segmentsIfNeeded(text: string): Segment[] | null {
  const normal = text.replaceAll('\r\n', '\n');
  const found: Segment[] = [];
  let last = 0;
  for (const match of normal.matchAll(HIDDEN)) {
    if (match.index > last) found.push({ type: 'plain', text: normal.slice(last, match.index) });
    const at = match[0];
    const label = at.startsWith('\u001b') ? `ESC${at.slice(1).replaceAll('\u0007', 'BEL')}` : (NAMES[at] ?? `U+${at.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`);
    found.push({ type: 'escape', label });
    if (at === '\r') found.push({ type: 'plain', text: '\n' });
    last = match.index + at.length;
  }
  if (last < normal.length) found.push({ type: 'plain', text: normal.slice(last) });
  return normal === text && found.every((segment) => segment.type === 'plain') ? null : found;
}

export function marked(text: string): string {
  return (segmentsIfNeeded(text) ?? [{ type: 'plain', text }]).map((segment) => (segment.type === 'plain' ? segment.text : `‹${segment.label}›`)).join('');
}
