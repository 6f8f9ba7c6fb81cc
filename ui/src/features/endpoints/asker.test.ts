import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EndpointRow } from '../../generated/EndpointRow';
import type { SendableView } from '../../generated/SendableView';
import type { Host } from '../../platform/host';
import { SendableAsker } from './asker.svelte';

const row = (state: string): EndpointRow => ({ endpoint: 'ep_1', state, sendable: null }) as EndpointRow;
const turn = (): Promise<void> => new Promise((done) => setTimeout(done));

/** A host whose answers are given by hand. */
function scene() {
  const waiting: ((sendable: boolean) => void)[] = [];
  const sendable = (): Promise<SendableView> =>
    new Promise((done) => waiting.push((can) => done({ sendable: can, why_not: can ? null : 'not connected' } as SendableView)));
  return { asker: new SendableAsker({ sendable } as unknown as Host), waiting };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('asking whether an endpoint can be sent to', () => {
  it('asks once while nothing changes, and again when the endpoint came back', async () => {
    const { asker, waiting } = scene();
    asker.show([row('offline')]);
    asker.show([row('offline')]);
    expect(waiting).toHaveLength(1);
    waiting[0]?.(false);
    await turn();
    asker.show([row('offline')]);
    expect(waiting).toHaveLength(1);
    asker.show([row('ready')]);
    expect(waiting).toHaveLength(2);
    waiting[1]?.(true);
    await turn();
    expect(asker.state(row('ready'))).toMatchObject({ state: 'answered', answer: { sendable: true } });
  });

  it('asks a few times more while what is called ready does not answer', async () => {
    vi.useFakeTimers();
    const { asker, waiting } = scene();
    asker.show([row('ready')]);
    for (let asked = 0; asked < 10; asked += 1) {
      waiting[asked]?.(false);
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(waiting).toHaveLength(5);
  });

  it('asks no more once it answered, or nobody looks', async () => {
    vi.useFakeTimers();
    const { asker, waiting } = scene();
    asker.show([row('ready')]);
    waiting[0]?.(false);
    await vi.advanceTimersByTimeAsync(1_000);
    waiting[1]?.(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(waiting).toHaveLength(2);
    expect(asker.state(row('ready'))).toMatchObject({ state: 'answered', answer: { sendable: true } });

    const other = scene();
    other.asker.show([row('ready')]);
    other.waiting[0]?.(false);
    await vi.advanceTimersByTimeAsync(0);
    other.asker.forget();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(other.waiting).toHaveLength(1);
  });

  it('does not keep an answer to a question that was asked before the endpoint came', async () => {
    const { asker, waiting } = scene();
    asker.show([row('offline')]);
    asker.show([row('ready')]);
    expect(waiting).toHaveLength(1);
    waiting[0]?.(false);
    await turn();
    expect(waiting).toHaveLength(2);
    waiting[1]?.(true);
    await turn();
    expect(asker.state(row('ready'))).toMatchObject({ state: 'answered', answer: { sendable: true } });
  });
});
