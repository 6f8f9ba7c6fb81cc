/**
 * For how long each row is on the screen. A row counts while at least half of it, or of the screen, is filled with it, and only while
 * somebody can be looking: the window is in front. Sums are kept by the host; this only measures and tells.
 */
import type { Shown } from '../../generated/Shown';

const TELL_EVERY_MS = 1_000;

export class Watch {
  #visible = new Map<number, number>();
  #due = new Map<number, number>();
  #observer: IntersectionObserver;
  #timer: ReturnType<typeof setInterval>;

  constructor(
    root: HTMLElement,
    readonly tell: (shown: Shown[]) => void,
    readonly now: () => number = () => performance.now(),
  ) {
    this.#observer = new IntersectionObserver((changes) => changes.forEach((change) => this.#changed(change)), { root, threshold: [0, 0.25, 0.5, 0.75, 1] });
    this.#timer = setInterval(() => this.flush(), TELL_EVERY_MS);
  }

  add(node: Element): void {
    this.#observer.observe(node);
  }

  remove(node: Element): void {
    this.#observer.unobserve(node);
    this.#left(rowOf(node));
  }

  /** Tells what has come together. */
  flush(): void {
    for (const row of [...this.#visible.keys()]) {
      this.#left(row);
      if (looking()) this.#visible.set(row, this.now());
    }
    const shown = [...this.#due].map(([row, ms]) => ({ row, ms: Math.round(ms) })).filter((one) => one.ms > 0);
    this.#due.clear();
    if (shown.length > 0) this.tell(shown);
  }

  stop(): void {
    this.flush();
    clearInterval(this.#timer);
    this.#observer.disconnect();
  }

  #changed(change: IntersectionObserverEntry): void {
    const row = rowOf(change.target);
    const height = change.rootBounds?.height ?? Number.MAX_VALUE;
    const fills = change.intersectionRatio >= 0.5 || change.intersectionRect.height >= height / 2;
    if (fills && looking()) {
      if (!this.#visible.has(row)) this.#visible.set(row, this.now());
    } else if (!fills) this.#left(row);
  }

  #left(row: number): void {
    const since = this.#visible.get(row);
    if (since === undefined) return;
    this.#visible.delete(row);
    if (looking()) this.#due.set(row, (this.#due.get(row) ?? 0) + this.now() - since);
  }
}

function looking(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}

function rowOf(node: Element): number {
  return Number((node as HTMLElement).dataset['row'] ?? -1);
}
