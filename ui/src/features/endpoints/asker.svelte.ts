/**
 * Asks endpoints whether a call can be answered right now: when they are first shown, when they came or went, when one is selected, and when a person
 * asks.
 * Few at a time; an answer is never made up from anything else.
 */
import { asFailure } from '../../app/errors';
import type { EndpointRow } from '../../generated/EndpointRow';
import type { SendableView } from '../../generated/SendableView';
import type { Host } from '../../platform/host';

export type Asked = { state: 'never' } | { state: 'asking'; before: SendableView | null } | { state: 'answered'; answer: SendableView } | { state: 'failed'; why: string };

const AT_ONCE = 4;

export class SendableAsker {
  #known = $state.raw(new Map<string, Asked>());
  /** The state in which each was asked last because it was on screen. */
  #shown = new Map<string, string>();
  /** Came or went while they were being asked. */
  #again = new Set<string>();
  #queue: string[] = [];
  #busy = 0;

  constructor(readonly host: Host) {}

  state(row: EndpointRow): Asked {
    return this.#known.get(row.endpoint) ?? (row.sendable ? { state: 'answered', answer: row.sendable } : { state: 'never' });
  }

  /** Rows are on screen: each is asked once, and again when it came or went. */
  show(rows: readonly EndpointRow[]): void {
    for (const row of rows) {
      if (this.#shown.get(row.endpoint) === row.state) continue;
      this.#shown.set(row.endpoint, row.state);
      if (this.#known.get(row.endpoint)?.state === 'asking') this.#again.add(row.endpoint);
      else this.#queue.push(row.endpoint);
    }
    this.#next();
  }

  /** Offline, answers from before say nothing about now. */
  forget(): void {
    this.#known = new Map();
    this.#shown.clear();
    this.#again.clear();
    this.#queue = [];
  }

  async ask(endpoint: string): Promise<void> {
    const before = this.#known.get(endpoint);
    if (before?.state === 'asking') return;
    this.#set(endpoint, { state: 'asking', before: before?.state === 'answered' ? before.answer : null });
    try {
      this.#set(endpoint, { state: 'answered', answer: await this.host.sendable(endpoint) });
    } catch (thrown) {
      this.#set(endpoint, { state: 'failed', why: asFailure(thrown).message });
    }
    if (this.#again.delete(endpoint)) await this.ask(endpoint);
  }

  #next(): void {
    while (this.#busy < AT_ONCE) {
      const endpoint = this.#queue.shift();
      if (endpoint === undefined) return;
      this.#busy += 1;
      void this.ask(endpoint).finally(() => {
        this.#busy -= 1;
        this.#next();
      });
    }
  }

  #set(endpoint: string, asked: Asked): void {
    this.#known = new Map(this.#known).set(endpoint, asked);
  }
}
