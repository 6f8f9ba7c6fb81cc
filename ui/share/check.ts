/**
 * The worker in which the check runs, so that the page stays usable: crates/share-check as WebAssembly, which can read nothing but the bytes
 * that it is given.
 */

/** What the check answers: HTML that it wrote itself, every word from the file escaped. */
export interface Answer {
  holds: boolean;
  checks: string;
  record: string;
  title: string;
}

interface Check {
  memory: WebAssembly.Memory;
  take(length: number): number;
  check(place: number, length: number): bigint;
}

self.onmessage = (event: MessageEvent<{ checkUrl: string; pack: ArrayBuffer }>): void => {
  run(event.data.checkUrl, new Uint8Array(event.data.pack))
    .catch((error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }))
    .then((answer) => self.postMessage(answer));
};

async function run(checkUrl: string, pack: Uint8Array): Promise<Answer> {
  const response = await fetch(checkUrl, { credentials: 'omit' });
  if (!response.ok) throw new Error(`the check could not be fetched (HTTP ${response.status}).`);
  const { instance } = await WebAssembly.instantiate(await response.arrayBuffer(), {});
  const { memory, take, check } = instance.exports as unknown as Check;
  const place = take(pack.length) >>> 0;
  new Uint8Array(memory.buffer).set(pack, place);
  const answer = BigInt.asUintN(64, check(place, pack.length));
  const bytes = new Uint8Array(memory.buffer, Number(answer >> 32n), Number(answer & 0xffff_ffffn));
  return JSON.parse(new TextDecoder().decode(bytes)) as Answer;
}
