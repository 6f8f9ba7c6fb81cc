/**
 * The page's one state: what the host last said, where the person is, and messages for them. Features read it and call the host
 * through it; components get values and callbacks.
 */
import type { ClientPoliciesView } from '../generated/ClientPoliciesView';
import type { DryRunView } from '../generated/DryRunView';
import type { InboxView } from '../generated/InboxView';
import type { Overview } from '../generated/Overview';
import type { PolicyDetail } from '../generated/PolicyDetail';
import type { PolicyDraft } from '../generated/PolicyDraft';
import type { RecordOf } from '../generated/RecordOf';
import type { SearchQuery } from '../generated/SearchQuery';
import type { SessionFilter } from '../generated/SessionFilter';
import type { Host, HostEvent, Standing, Startup } from '../platform/host';
import { asFailure, type Severity, words } from './errors';
import { afterPainting } from './painting';

export type Route =
  | { page: 'endpoints'; endpoint: string | null }
  | { page: 'sessions' }
  | { page: 'session'; session: string; seq: number | null }
  | { page: 'search' }
  | { page: 'inbox'; action: string | null }
  | { page: 'consent' }
  | { page: 'agreements'; policy: string | null }
  | { page: 'organisation'; tab: 'clients' | 'installers' | 'mail'; client?: string }
  | { page: 'evidence'; tab: EvidenceTab }
  | { page: 'review'; of: RecordOf; step: 'read' | 'scrub' | 'leave'; ask?: string; refresh?: { share: string; label: string } }
  | { page: 'policies'; policy: string | null; editing?: true }
  | { page: 'settings' };

export type EvidenceTab = 'records' | 'negative' | 'audit' | 'shares';

/** A version of a policy that somebody works on; kept while they look at a record in between. */
export interface PolicyWork {
  draft: PolicyDraft;
  /** What it follows; null for a new policy. */
  base: PolicyDetail | null;
  step: 'write' | 'compare';
  /** What it would have changed, once that was asked. */
  run: DryRunView | null;
}

export interface Message {
  id: number;
  severity: Severity;
  title: string;
  text: string;
  act: { label: string; run: () => void } | null;
}

export const EVERY_SESSION: SessionFilter = { client: null, endpoint: null, member: null, from_ms: null, to_ms: null, open_only: false, limit: 0 };
export const EMPTY_QUERY: SearchQuery = { text: '', client: null, endpoint: null, member: null, kinds: [], from_ms: null, to_ms: null, limit: 60 };

/** Pages that a client's contact does not have. */
const ELSEWHERE = new Set<Route['page']>(['endpoints', 'sessions', 'search', 'organisation', 'policies']);

export class AppState {
  startup = $state.raw<Startup>({ stage: 'opening' });
  overview = $state.raw<Overview | null>(null);
  inbox = $state.raw<InboxView | null>(null);
  route = $state.raw<Route>({ page: 'endpoints', endpoint: null });
  messages = $state.raw<Message[]>([]);
  shortcuts = $state(false);
  /** Address to sign in to while the console stays open, or null. */
  signingIn = $state<string | null>(null);
  now = $state(Date.now());
  sessionFilter = $state.raw<SessionFilter>(EVERY_SESSION);
  query = $state.raw<SearchQuery>(EMPTY_QUERY);

  policyWork = $state.raw<PolicyWork | null>(null);

  /** The request that somebody came to answer, from a notification for example: its first field gets the focus. */
  answering = $state<string | null>(null);

  /** A contact's own: which policies apply to their client, and what they agreed to. */
  clientPolicies = $state.raw<ClientPoliciesView | null>(null);

  /** A client's authorised person: sees the small form. */
  readonly isContact = $derived(this.overview?.me?.role === 'contact');

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

  go(wanted: Route): void {
    // The small form has no other places: the control plane shows a contact nothing else.
    const route: Route = this.isContact && ELSEWHERE.has(wanted.page) ? (wanted.page === 'policies' ? { page: 'agreements', policy: null } : { page: 'inbox', action: null }) : wanted;
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

  /** Asks which policies apply to a contact's client. */
  async learnPolicies(): Promise<void> {
    const found = await this.host.policies.forClient();
    this.clientPolicies = found;
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
      this.#atHome();
    } else if (event.type === 'inbox') {
      const { type: _, ...inbox } = event;
      this.inbox = inbox;
    } else if (event.type === 'show_request') {
      this.showRequest(event.action);
    } else if (event.type === 'startup') {
      this.#started(event.startup);
    } else if (event.type === 'show') {
      this.go(event.page === 'endpoints' ? { page: 'endpoints', endpoint: null } : event.page === 'organisation' ? { page: 'organisation', tab: 'clients' } : { page: event.page });
    }
    for (const listener of this.#listeners) listener(event);
  }

  #stands({ startup, overview }: Standing): void {
    if (overview !== null) {
      this.overview = overview;
      this.#atHome();
    }
    this.#started(startup);
  }

  #started(startup: Startup): void {
    if (startup.stage === 'ready' && startup.open !== null) this.#open(startup.open);
    this.startup = startup;
    if (startup.stage === 'choose' || startup.stage === 'key_store_missing') this.#shown();
    else if (startup.stage === 'ready') void this.#ready();
  }

  /** What the program was started for: a session's record, or its review. */
  #open(wanted: string): void {
    const review = wanted.startsWith('review:') ? wanted.slice('review:'.length) : null;
    if (review !== null) this.go({ page: 'review', of: { of: 'session', session: review }, step: 'read' });
    else this.go({ page: 'session', session: wanted, seq: null });
  }

  async #ready(): Promise<void> {
    try {
      // As a rule it came with the answer or before the event.
      this.overview ??= await this.host.overview();
      this.#atHome();
      this.#shown();
      this.inbox = await this.host.inbox();
    } catch (thrown) {
      this.startup = { stage: 'failed', failure: asFailure(thrown) };
    }
  }

  /** Where a request is answered, or, for whoever asked, the session that waits for it. */
  showRequest(action: string): void {
    const row = this.inbox?.rows.find((one) => one.action === action);
    this.answering = action;
    this.go(row?.mine ? { page: 'session', session: row.session, seq: null } : { page: 'inbox', action });
  }

  /** A contact begins with what is asked of them. */
  #atHome(): void {
    if (this.isContact && ELSEWHERE.has(this.route.page)) this.route = { page: 'inbox', action: null };
  }

  /** A task that ran after the picture shows that the page is free to take a key press. */
  #shown(): void {
    afterPainting(() => this.host.reached('usable'));
  }
}
