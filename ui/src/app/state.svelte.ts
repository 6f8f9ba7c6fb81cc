/**
 * The page's one state: what the host last said, where the person is, and messages for them. Features read it and call the host
 * through it; components get values and callbacks.
 */
import type { Overview } from '../generated/Overview';
import type { SearchQuery } from '../generated/SearchQuery';
import type { SessionFilter } from '../generated/SessionFilter';
import type { Host, HostEvent, Standing, Startup } from '../platform/host';
import { asFailure, type Severity, words } from './errors';

export type Route =
  | { page: 'endpoints'; endpoint: string | null }
  | { page: 'sessions' }
  | { page: 'session'; session: string; seq: number | null }
  | { page: 'search' }
  | { page: 'organisation'; tab: 'clients' | 'installers'; client?: string }
  | { page: 'settings' };

export interface Message {
  id: number;
  severity: Severity;
  title: string;
  text: string;
  act: { label: string; run: () => void } | null;
}

export const EVERY_SESSION: SessionFilter = { client: null, endpoint: null, member: null, from_ms: null, to_ms: null, open_only: false, limit: 0 };
export const EMPTY_QUERY: SearchQuery = { text: '', client: null, endpoint: null, member: null, kinds: [], from_ms: null, to_ms: null, limit: 60 };

export class AppState {
  startup = $state.raw<Startup>({ stage: 'opening' });
  overview = $state.raw<Overview | null>(null);
  route = $state.raw<Route>({ page: 'endpoints', endpoint: null });
  messages = $state.raw<Message[]>([]);
  shortcuts = $state(false);
  /** Address to sign in to while the console stays open, or null. */
  signingIn = $state<string | null>(null);
  now = $state(Date.now());
  sessionFilter = $state.raw<SessionFilter>(EVERY_SESSION);
  query = $state.raw<SearchQuery>(EMPTY_QUERY);

  /** The control plane turned the sign-in down while working. */
  readonly signInEnded = $derived(this.overview?.notices.some((notice) => notice.code === 'sign_in_needed') ?? false);

  /** Why nothing can be changed right now, or null. */
  readonly readOnlyBecause = $derived.by((): string | null => {
    const connection = this.overview?.connection;
    if (this.signInEnded && connection?.state !== 'online') return 'Your sign-in has ended: sign in again to go on. The cache can be read.';
    switch (connection?.state) {
      case 'online':
        return null;
      case 'offline':
        return 'Offline: nothing can be sent until the control plane answers again.';
      case 'connecting':
        return 'Connecting to the control plane.';
      case 'signed_out':
        return 'Nobody is signed in: the cache can be read, nothing can be sent.';
      default:
        return 'Opening.';
    }
  });

  /** Why the signed-in person may not administer, or null. */
  readonly cannotAdminister = $derived.by((): string | null => {
    if (this.readOnlyBecause !== null) return this.readOnlyBecause;
    const role = this.overview?.me?.role ?? '';
    return ['owner', 'admin'].includes(role) ? null : `Your role (${role}) does not change the organisation. Ask an owner or administrator.`;
  });

  #past: Route[] = [];
  #listeners = new Set<(event: HostEvent) => void>();
  #nextMessage = 1;

  constructor(readonly host: Host) {}

  /**
   * Subscribes and asks how things stand at the same time; done when there is something to draw. Asks again once events arrive, so that
   * nothing between the two is missed.
   */
  async begin(): Promise<void> {
    setInterval(() => (this.now = Date.now()), 1000);
    const listening = this.host.subscribe((event) => this.#take(event));
    const first = await this.#ask();
    void listening.then(async () => {
      const second = await this.#ask();
      if (JSON.stringify(second.startup) === JSON.stringify(first.startup)) this.overview = second.overview ?? this.overview;
      else this.#stands(second);
    });
    this.#stands(first);
  }

  async #ask(): Promise<Standing> {
    try {
      return await this.host.standing();
    } catch (thrown) {
      return { startup: { stage: 'failed', failure: asFailure(thrown) }, overview: null };
    }
  }

  /** Hears every event until the returned function is called. */
  hear(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  go(route: Route): void {
    if (JSON.stringify(route) === JSON.stringify(this.route)) return;
    this.#past.push(this.route);
    if (this.#past.length > 50) this.#past.shift();
    this.route = route;
  }

  back(): void {
    const before = this.#past.pop();
    if (before) this.route = before;
  }

  tell(severity: Severity, title: string, text: string, act: Message['act'] = null): void {
    const message = { id: this.#nextMessage++, severity, title, text, act };
    this.messages = [...this.messages.slice(-3), message];
    if (severity === 'info') setTimeout(() => this.dismiss(message.id), 8000);
  }

  dismiss(id: number): void {
    this.messages = this.messages.filter((message) => message.id !== id);
  }

  /** Says what went wrong in the table's words; returns whether it was worth saying. */
  complain(thrown: unknown, retry: (() => void) | null = null): void {
    const failure = asFailure(thrown);
    if (failure.code === 'cancelled') return;
    const said = words(failure.code);
    const signIn = said.remedy === 'sign_in' ? { label: 'Sign in', run: () => void this.signInAgain() } : null;
    const act = said.remedy === 'retry' && retry ? { label: 'Try again', run: retry } : signIn;
    this.tell(said.severity, said.title, failure.message, act);
  }

  /** Signs in to the same control plane without leaving the console; asks how to start when there is none. */
  async signInAgain(): Promise<void> {
    try {
      const { control_plane: known } = await this.host.about();
      if (known === null) this.startup = { stage: 'choose' };
      else this.signingIn = known;
    } catch (thrown) {
      this.complain(thrown);
    }
  }

  #take(event: HostEvent): void {
    if (event.type === 'overview') {
      const { type: _, ...overview } = event;
      this.overview = overview;
    } else if (event.type === 'startup') {
      this.#started(event.startup);
    } else if (event.type === 'show') {
      this.go(event.page === 'endpoints' ? { page: 'endpoints', endpoint: null } : event.page === 'organisation' ? { page: 'organisation', tab: 'clients' } : { page: event.page });
    }
    for (const listener of this.#listeners) listener(event);
  }

  #stands({ startup, overview }: Standing): void {
    if (overview !== null) this.overview = overview;
    this.#started(startup);
  }

  #started(startup: Startup): void {
    if (startup.stage === 'ready' && startup.open !== null) this.go({ page: 'session', session: startup.open, seq: null });
    this.startup = startup;
    if (startup.stage === 'ready' && this.overview === null) void this.#fetchOverview();
    else if (['choose', 'key_store_missing', 'ready'].includes(startup.stage)) this.#shown();
  }

  /** As a rule the overview comes with the answer or before the event, and this is not needed. */
  async #fetchOverview(): Promise<void> {
    try {
      this.overview = await this.host.overview();
      this.#shown();
    } catch (thrown) {
      this.startup = { stage: 'failed', failure: asFailure(thrown) };
    }
  }

  /** Two frames later it is on screen, and a task that ran after them shows that the page is free to take a key press. */
  #shown(): void {
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => this.host.reached('usable'))));
  }
}
