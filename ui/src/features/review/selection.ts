/** From what is selected on the page to places in a recorded text. */
import type { TextPoint } from '../../generated/TextPoint';

export interface TextRange {
  row: number;
  text: string;
  from: TextPoint;
  to: TextPoint;
  words: string;
}

/** The selection as a range of one recorded text; `fixed` when it is of something that always stays, or of several texts; else null. */
export function selected(root: HTMLElement, selection: Selection | null): TextRange | 'fixed' | null {
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
  const range = selection.getRangeAt(0);
  if (!root.contains(range.commonAncestorContainer)) return null;
  const words = selection.toString();
  if (words.trim() === '') return null;
  const host = elementOf(range.commonAncestorContainer)?.closest<HTMLElement>('[data-text]');
  const row = host?.closest<HTMLElement>('[data-row]')?.dataset['row'];
  const name = host?.dataset['text'];
  if (!host || row === undefined || name === undefined) return 'fixed';
  const from = point(range.startContainer, range.startOffset, false);
  const to = point(range.endContainer, range.endOffset, true);
  if (!from || !to) return 'fixed';
  return { row: Number(row), text: name, from, to, words };
}

function elementOf(node: Node): HTMLElement | null {
  return node instanceof HTMLElement ? node : node.parentElement;
}

/** A label stands for a piece that cannot be divided: a selection that touches it takes all of it. */
function point(node: Node, offset: number, isEnd: boolean): TextPoint | null {
  if (node instanceof HTMLElement && node.dataset['at'] === undefined) {
    const children = [...node.childNodes];
    const next = children.slice(isEnd ? 0 : offset, isEnd ? offset : undefined);
    const piece = (isEnd ? next.reverse() : next).find((child): child is HTMLElement => child instanceof HTMLElement && child.dataset['at'] !== undefined);
    return piece ? edge(piece, isEnd) : null;
  }
  const piece = elementOf(node)?.closest<HTMLElement>('[data-at]');
  if (!piece) return null;
  if (piece.dataset['label'] !== undefined) return edge(piece, isEnd);
  return { at: Number(piece.dataset['at']), units: offset };
}

function edge(piece: HTMLElement, isEnd: boolean): TextPoint {
  const at = Number(piece.dataset['at']);
  if (!isEnd) return { at, units: 0 };
  const label = piece.dataset['label'] !== undefined;
  const next = piece.nextElementSibling instanceof HTMLElement ? piece.nextElementSibling.dataset['at'] : undefined;
  if (label && next !== undefined) return { at: Number(next), units: 0 };
  return { at, units: label ? 1 : (piece.textContent?.length ?? 0) };
}
