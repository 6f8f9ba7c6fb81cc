import { expect, it, vi } from 'vitest';
import type { Overview } from '../generated/Overview';
import type { Host, HostEvent, Standing, Startup } from '../platform/host';
import { AppState } from './state.svelte';

vi.stubGlobal('requestAnimationFrame', (next: () => void) => setTimeout(next, 0));

const OVERVIEW: Overview = { me: null, connection: { state: 'connecting' }, endpoints: [], sessions: [], sync: null, notices: [] };
const opening: Standing = { startup: { stage: 'opening' }, overview: null };
const ready: Standing = { startup: { stage: 'ready', open: null }, overview: OVERVIEW };

/** A host that answers in this order, the last answer for good, and listens only when told to. */
function scripted(answers: Standing[]) {
  let tell: (event: HostEvent) => void = () => {};
  let listen: () => void = () => {};
  const reached: string[] = [];
  const host = {
    subscribe: (listener: (event: HostEvent) => void) => new Promise<() => void>((done) => (listen = () => { tell = listener; done(() => {}); })),
    standing: async () => (answers.length > 1 ? answers.shift() : answers[0]),
    overview: async () => OVERVIEW,
    inbox: async () => ({ rows: [] }),
    reached: (mark: string) => reached.push(mark),
  } as unknown as Host;
  return { app: new AppState(host), listen: () => listen(), start: (startup: Startup) => tell({ type: 'startup', startup }), reached };
}

it('shows the first answer without waiting for the subscription', async () => {
  const { app, reached } = scripted([ready]);
  void app.begin();
  await vi.waitFor(() => expect(app.startup.stage).toBe('ready'));
  expect(app.overview).toEqual(OVERVIEW);
  await vi.waitFor(() => expect(reached).toEqual(['usable']));
});

it('asks again once it listens, so that nothing in between is missed', async () => {
  const { app, listen } = scripted([opening, ready]);
  void app.begin();
  await new Promise((done) => setTimeout(done, 10));
  expect(app.startup.stage).toBe('opening');
  listen();
  await vi.waitFor(() => expect(app.startup.stage).toBe('ready'));
});

it('leaves a person where they went meanwhile', async () => {
  const there: Standing = { startup: { stage: 'ready', open: 'ses-1' }, overview: OVERVIEW };
  const { app, listen } = scripted([there]);
  void app.begin();
  await vi.waitFor(() => expect(app.route).toEqual({ page: 'session', session: 'ses-1', seq: null }));
  app.go({ page: 'search' });
  listen();
  await new Promise((done) => setTimeout(done, 10));
  expect(app.route).toEqual({ page: 'search' });
});

it('fetches the overview when the event came without it', async () => {
  const { app, listen, start } = scripted([opening]);
  void app.begin();
  listen();
  await new Promise((done) => setTimeout(done, 10));
  start({ stage: 'ready', open: null });
  await vi.waitFor(() => expect(app.overview).toEqual(OVERVIEW));
});
