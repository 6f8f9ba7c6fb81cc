/** Rows of a draft, brought here a page at a time as they come on screen, and forgotten far from it. */
import type { DraftRow } from '../../generated/DraftRow';
import type { HandOver } from '../../platform/handover';

const PAGE = 60;
const KEPT_PAGES = 12;

export class Rows {
  #pages = $state.raw<ReadonlyMap<number, DraftRow[]>>(new Map());
  #asked = new Set<number>();
  #epoch = 0;

  constructor(
    readonly host: HandOver,
    readonly draft: string,
    readonly count: number,
    readonly complain: (thrown: unknown) => void,
  ) {}

  at(row: number): DraftRow | undefined {
    return this.#pages.get(Math.floor(row / PAGE))?.[row % PAGE];
  }

  /** Brings what is missing of these rows. */
  need(rows: readonly number[]): void {
    for (const page of new Set(rows.map((row) => Math.floor(row / PAGE)))) {
      if (!this.#pages.has(page) && !this.#asked.has(page)) void this.#bring(page);
    }
  }

  /** What is here may have changed: asks again for what is shown. */
  again(rows: readonly number[]): void {
    this.#epoch += 1;
    this.#asked.clear();
    for (const page of new Set(rows.map((row) => Math.floor(row / PAGE)))) void this.#bring(page);
    const shown = new Set(rows.map((row) => Math.floor(row / PAGE)));
    this.#pages = new Map([...this.#pages].filter(([page]) => shown.has(page)));
  }

  async #bring(page: number): Promise<void> {
    const epoch = this.#epoch;
    this.#asked.add(page);
    try {
      const found = await this.host.rows(this.draft, page * PAGE, PAGE);
      if (epoch !== this.#epoch) return;
      const kept = [...this.#pages].sort(([a], [b]) => Math.abs(a - page) - Math.abs(b - page)).slice(0, KEPT_PAGES - 1);
      this.#pages = new Map([...kept.filter(([own]) => own !== page), [page, found]]);
    } catch (thrown) {
      this.complain(thrown);
    } finally {
      this.#asked.delete(page);
    }
  }
}
