/** Rows of a long list, brought here a page at a time as they come on screen, and forgotten far from it. */
const PAGE = 60;
const KEPT_PAGES = 12;

export class Rows<Row> {
  #pages = $state.raw<ReadonlyMap<number, Row[]>>(new Map());
  #asked = new Set<number>();
  #epoch = 0;

  constructor(
    readonly bring: (from: number, count: number) => Promise<Row[]>,
    readonly complain: (thrown: unknown) => void,
  ) {}

  at(row: number): Row | undefined {
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
      const found = await this.bring(page * PAGE, PAGE);
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
