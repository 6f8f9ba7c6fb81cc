/**
 * Asks endpoints whether a call can be answered right now: when they are first shown, when they came or went, when one is selected, when a person
 * asks, and a few times more while one that is called ready does not answer: its runtime may be coming back.
 * Few at a time; an answer is never made up from anything else.
 */
import { asFailure } from '../../app/errors';
import type { EndpointRow } from '../../generated/EndpointRow';
import type { SendableView } from '../../generated/SendableView';
import type { Host } from '../../platform/host';

export type Asked = { state: 'never' } | { state: 'asking'; before: SendableView | null } | { state: 'answered'; answer: SendableView } | { state: 'failed'; why: string };

const AT_ONCE = 4;
/** How long to wait before each of those times, in milliseconds. */
const AGAIN_MS = [1_000, 2_000, 4_000, 8_000];

export class SendableAsker {
  #known = $state.raw(new Map<string, Asked>());
  /** The state in which each was asked last because it was on screen. */
  #shown = new Map<string, string>();
  /** Came or went while they were being asked. */
  #again = new Set<string>();
  /** How often each was asked because it was called ready and did not answer. */
  #tries = new Map<string, number>();
  #timers = new Map<string, ReturnType<typeof setTimeout>>();
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
      this.#tries.delete(row.endpoint);
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
    this.#tries.clear();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#queue = [];
  }

  async ask(endpoint: string): Promise<void> {
    const before = this.#known.get(endpoint);
    if (before?.state === 'asking') return;
    this.#set(endpoint, { state: 'asking', before: before?.state === 'answered' ? before.answer : null });
    try {
      const answer = await this.host.sendable(endpoint);
      this.#set(endpoint, { state: 'answered', answer });
      if (answer.sendable) this.#tries.delete(endpoint);
      else this.#askLater(endpoint);
    } catch (thrown) {
      this.#set(endpoint, { state: 'failed', why: asFailure(thrown).message });
      this.#askLater(endpoint);
    }
    if (this.#again.delete(endpoint)) await this.ask(endpoint);
  }

  #askLater(endpoint: string): void {
    const tries = this.#tries.get(endpoint) ?? 0;
    if (this.#shown.get(endpoint) !== 'ready' || tries >= AGAIN_MS.length || this.#timers.has(endpoint)) return;
    this.#tries.set(endpoint, tries + 1);
    const timer = setTimeout(() => {
      this.#timers.delete(endpoint);
      if (this.#shown.get(endpoint) !== 'ready') return;
      this.#queue.push(endpoint);
      this.#next();
    }, AGAIN_MS[tries]);
    this.#timers.set(endpoint, timer);
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
