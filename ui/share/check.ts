/**
 * The worker in which the check runs, so that the page stays usable: crates/share-check as WebAssembly, which can read nothing but the bytes
 * that it is given. It is fetched while the page still fetches the pack.
 */
import { serialised } from './serialised';

/** What the worker is asked, in this order. */
export type Question =
  | { checkUrl: string }
  /** The file, and the record as the page was sent. */
  | { pack: ArrayBuffer; sent: string };

/** What the check came to: HTML that it wrote itself, every word from the file escaped. */
export interface Answer {
  holds: boolean;
  checks: string;
  /** What the file says, where it is not the very text that was sent. */
  record?: string;
}

/** What the worker says. */
export type Said = { entry: number; entries: number } | { answer: Answer } | { problem: string };

interface Check {
  memory: WebAssembly.Memory;
  take(length: number): number;
  begin(place: number, length: number): number;
  step(): number;
  answer(): bigint;
}

/** Between two words of how far it is, in milliseconds. */
const EVERY_MS = 100;

let check: Promise<Check> | undefined;

self.onmessage = (event: MessageEvent<Question>): void => {
  if ('checkUrl' in event.data) {
    check = fetched(event.data.checkUrl);
    // Said when it is asked for.
    check.catch(() => undefined);
    return;
  }
  const { pack, sent } = event.data;
  run(new Uint8Array(pack), sent)
    .then((answer) => say({ answer }))
    .catch((error: unknown) => say({ problem: error instanceof Error ? error.message : String(error) }));
};

const say = (said: Said): void => self.postMessage(said);

async function fetched(url: string): Promise<Check> {
  const response = await fetch(url, { credentials: 'omit' });
  if (!response.ok) throw new Error(`the check could not be fetched (HTTP ${response.status}).`);
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer(), {});
  return instance.exports as unknown as Check;
}

async function run(pack: Uint8Array, sent: string): Promise<Answer> {
  if (!check) throw new Error('nobody said where the check is.');
  const { memory, take, begin, step, answer } = await check;
  const place = take(pack.length) >>> 0;
  new Uint8Array(memory.buffer).set(pack, place);
  const entries = begin(place, pack.length) >>> 0;
  let before = performance.now();
  for (let entry = 0; entry < entries; entry = step() >>> 0) {
    if (performance.now() - before < EVERY_MS) continue;
    before = performance.now();
    say({ entry, entries });
  }
  const told = BigInt.asUintN(64, answer());
  const bytes = new Uint8Array(memory.buffer, Number(told >> 32n), Number(told & 0xffff_ffffn));
  const { record, ...rest } = JSON.parse(new TextDecoder().decode(bytes)) as Answer & { record: string };
  return serialised(record) === sent ? rest : { ...rest, record };
}
