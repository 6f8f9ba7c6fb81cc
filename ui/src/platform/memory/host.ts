/**
 * A host without a desktop: the whole page works on it, with streaming commands, search, going offline and the rarer states.
 * What it shows is chosen by the address: `?start=ready|choose|opening|failed|keystore`, `?offline`, `?notice=fork`, `?empty`,
 * `?open=SESSION`, `?role=ROLE`, `?refused`. Sign-in: `gate.ts`. Approval requests: `consent.ts`.
 */
import type { ApprovalDetail } from '../../generated/ApprovalDetail';
import type { ApprovalRow } from '../../generated/ApprovalRow';
import type { ClientRow } from '../../generated/ClientRow';
import type { CommandMark } from '../../generated/CommandMark';
import type { Connection } from '../../generated/Connection';
import type { InboxView } from '../../generated/InboxView';
import type { InstallerRow } from '../../generated/InstallerRow';
import type { InstallerSecretView } from '../../generated/InstallerSecretView';
import type { NewCommand } from '../../generated/NewCommand';
import type { NewInstaller } from '../../generated/NewInstaller';
import type { MailContactRow } from '../../generated/MailContactRow';
import type { MailContactsView } from '../../generated/MailContactsView';
import type { NewFloor } from '../../generated/NewFloor';
import type { NewStanding } from '../../generated/NewStanding';
import type { SpeakersView } from '../../generated/SpeakersView';
import type { StateDifference } from '../../generated/StateDifference';
import type { Verdict } from '../../generated/Verdict';
import type { Notice } from '../../generated/Notice';
import type { Overview } from '../../generated/Overview';
import type { SearchQuery } from '../../generated/SearchQuery';
import type { SearchResult } from '../../generated/SearchResult';
import type { SendableView } from '../../generated/SendableView';
import { runsOf } from '../../features/session/rows';
import { markOf } from '../../features/session/strip';
import type { SessionFilter } from '../../generated/SessionFilter';
import type { SessionHead } from '../../generated/SessionHead';
import type { SessionPage } from '../../generated/SessionPage';
import type { SessionProof } from '../../generated/SessionProof';
import type { SessionRow } from '../../generated/SessionRow';
import type { VerifyProgress } from '../../generated/VerifyProgress';
import { type About, type ExportFormat, Failure, type Host, type HostEvent, type SignIn, type Standing, type Startup } from '../host';
import { type Book, Visit } from './book';
import { CONTACT, ConsentDesk } from './consent';
import { emergency } from './emergency';
import { Gate } from './gate';
import { find } from './find';
import { MemoryHandOver } from './handover';
import { MailList } from './mail';
import { NOTICES } from './notices';
import { Office } from './office';
import { MemoryPolicies } from './policies';
import { scriptFor } from './shell';
import { buildWorld, ME, type World } from './world';

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

export class MemoryHost implements Host {
  #world: World;
  #listeners = new Set<(event: HostEvent) => void>();
  #startup: Startup;
  #connection: Connection;
  #notices: Notice[];
  #cancelled = new Set<string>();
  #watched = new Set<string>();
  #drafts = new Map<string, string>();
  #exports = new Set<string>();
  #sync: Overview['sync'] = null;
  #startsAtSignIn = false;
  #gate = new Gate((event) => this.#tell(event));
  #office: Office;
  #consent: ConsentDesk;
  #mail: MailList;
  readonly handOver: MemoryHandOver;
  readonly policies: MemoryPolicies;

  constructor(readonly query: URLSearchParams) {
    const now = Date.now();
    this.#world = buildWorld(now);
    this.handOver = new MemoryHandOver(() => this.#world.books.values(), query, (event) => this.#tell(event), this.#exports);
    this.policies = new MemoryPolicies(query, now, () => this.#world.books.values(), (event) => this.#tell(event), ME.name);
    if (query.has('empty')) {
      for (const id of [...this.#world.books.keys()]) if (id !== 'ep-this') this.#world.books.delete(id);
      this.#world.books.get('ep-this')?.sessions.clear();
    }
    this.#office = new Office([...this.#world.books.values()].map((book) => [book.endpoint.client, book.endpoint.client_name]), now, query.has('empty'));
    if (query.has('empty')) this.#office.clients.length = 0;
    this.#consent = new ConsentDesk(query, now, (event) => this.#tell(event), (action) => [...this.#world.books.values()].flatMap((book) => book.items.filter((item) => item.action === action)), (action, kind, facts, texts) => this.#record(action, kind, facts, texts));
    this.#mail = new MailList(query);
    const edge = this.#world.books.get('ep-edge');
    if (edge && query.has('emergency')) emergency(edge, now);
    this.#connection = query.has('offline')
      ? { state: 'offline', since_ms: now - 754_000, why: 'The control plane at console.northstar-it.example does not answer (connection refused).', retry_at_ms: now + 24_000 }
      : { state: 'online' };
    this.#notices = (query.get('notice') ?? '').split(',').flatMap((code) => NOTICES[code] ?? []);
    if (query.has('syncing')) this.#sync = { done: 48_210, total: 131_072 };
    this.#startup = startupFor(query);
  }

  async subscribe(listener: (event: HostEvent) => void): Promise<() => void> {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async standing(): Promise<Standing> {
    const ready = this.#startup.stage === 'ready' && !this.query.has('slow');
    return { startup: this.#startup, overview: ready ? await this.overview() : null };
  }

  async overview(): Promise<Overview> {
    if (this.query.has('slow')) await pause(60_000);
    const contact = this.query.get('role') === 'contact';
    const books = [...this.#world.books.values()].filter((book) => !contact || book.endpoint.client_name === 'Meridian Freight');
    const me = contact ? CONTACT : ME;
    return {
      me: { member: me.id, name: me.name, role: this.query.get('role') ?? 'owner', organisation_name: 'Northstar IT', embedded: !this.query.has('remote'), client: contact ? 'meridian-freight' : null },
      connection: this.#connection,
      endpoints: books.map((book) => ({ ...book.endpoint })).sort((a, b) => a.client_name.localeCompare(b.client_name) || a.hostname.localeCompare(b.hostname)),
      sessions: this.#rows().filter((row) => !contact || row.client_name === 'Meridian Freight').slice(0, 200),
      sync: this.#sync,
      notices: this.#notices,
    };
  }

  async about(): Promise<About> {
    return { version: '0.1.0', data_dir: '/home/john/.local/share/caisey-console', control_plane: this.query.has('remote') ? 'https://console.northstar-it.example' : null, key_store: 'Secret Service (GNOME Keyring)' };
  }

  async startEmbedded(): Promise<void> {
    for (const step of ['control_plane', 'owner', 'enrol', 'runtime'] as const) {
      await this.#start({ stage: 'starting', step });
      await pause(350);
    }
    await this.#start({ stage: 'ready', open: null });
  }

  async startAgain(): Promise<void> {
    await this.#start({ stage: 'opening' });
    await pause(350);
    await this.#start({ stage: 'ready', open: null });
  }

  signInWays = (address: string) => this.#gate.ways(address);
  async signIn(how: SignIn): Promise<void> {
    await this.#gate.enter(how);
    this.#notices = this.#notices.filter((notice) => notice.code !== 'sign_in_needed');
    this.#connection = { state: 'online' };
    await this.#start({ stage: 'ready', open: null });
  }
  async cancelSignIn(): Promise<void> {
    this.#gate.stop();
  }
  async browseAgain(): Promise<void> {}

  async signOut(): Promise<void> {
    await this.#start({ stage: 'choose' });
  }

  async unlockWithPassphrase(passphrase: string): Promise<void> {
    await pause(400);
    if (passphrase.length < 12) throw new Failure({ code: 'passphrase_refused', message: 'This passphrase does not open the cache.', retry_after_ms: null });
    await this.#start({ stage: 'choose' });
  }

  async retryKeyStore(): Promise<void> {
    await pause(300);
    throw new Failure({ code: 'key_store_missing', message: 'There is still no secret service on this session bus.', retry_after_ms: null });
  }

  async dismissNotice(code: string): Promise<void> {
    this.#notices = this.#notices.filter((notice) => notice.code !== code);
    await this.#tellOverview();
  }

  async retryConnection(): Promise<void> {
    this.#connection = { state: 'connecting' };
    await this.#tellOverview();
    await pause(600);
    this.#connection = { state: 'online' };
    await this.#tellOverview();
  }

  async clients(): Promise<ClientRow[]> {
    if (this.query.has('slow')) await pause(60_000);
    if (this.query.has('refused')) throw new Failure({ code: 'control_internal', message: 'The control plane could not read its directory. Try again in a moment.', retry_after_ms: null });
    await pause(40);
    return this.#office.clients.map((row) => ({ ...row }));
  }
  async createClient(name: string): Promise<string> {
    this.#online();
    return this.#office.name(null, name);
  }
  async renameClient(client: string, name: string): Promise<void> {
    this.#online();
    this.#office.name(client, name);
    for (const book of this.#world.books.values()) if (book.endpoint.client === client) book.endpoint.client_name = name;
    await this.#tellOverview();
  }
  async installers(): Promise<InstallerRow[]> {
    this.#online();
    await pause(40);
    return this.#office.installers.map((row) => ({ ...row }));
  }
  async createInstaller(wanted: NewInstaller): Promise<InstallerSecretView> {
    this.#online();
    return this.#office.create(wanted);
  }
  async rotateInstaller(installer: string): Promise<InstallerSecretView> {
    this.#online();
    return this.#office.rotate(installer);
  }
  async revokeInstaller(installer: string): Promise<void> {
    this.#online();
    this.#office.revoke(installer);
  }
  async removeEndpoint(endpoint: string): Promise<void> {
    this.#online();
    const book = this.#book(endpoint);
    book.endpoint.state = 'removing';
    book.now = Date.now();
    book.add('endpoint.removed', { facts: { by: ME.id } });
    await this.#tellOverview();
  }
  async eraseTexts(endpoint: string, seq: number, names: string[], basis: string): Promise<void> {
    this.#online();
    const book = this.#book(endpoint);
    const item = book.items[seq];
    if (!item) throw new Failure({ code: 'not_found', message: 'There is no such entry.', retry_after_ms: null });
    item.texts = item.texts.map((text) => (names.includes(text.name) ? { ...text, text: null, segments: null } : text));
    book.now = Date.now();
    book.add('text.erased', { facts: { entry_seq: seq, names }, texts: { basis }, actor: { kind: 'member', name: ME.name } });
    const row = item.session === null ? undefined : book.sessions.get(item.session);
    if (row) {
      row.last_seq = book.items.length - 1;
      this.#tell({ type: 'session', session: row.session, items: [{ ...item }, ...book.items.slice(-1)], row: { ...row } });
    }
    await this.#tellOverview();
  }

  async sendable(endpoint: string): Promise<SendableView> {
    this.#online();
    const book = this.#book(endpoint);
    await pause(120);
    const up = book.endpoint.state === 'ready';
    const answer: SendableView = {
      sendable: up,
      round_trip_ms: up ? (book.endpoint.is_this_computer ? 2 : 38 + (endpoint.length % 9)) : null,
      asked_at_ms: Date.now(),
      why_not: up ? null : book.endpoint.state === 'pending' ? 'The runtime has never connected.' : 'Not connected.',
    };
    book.endpoint.sendable = answer;
    await this.#tellOverview();
    return answer;
  }

  async openSession(endpoint: string, purpose: string): Promise<string> {
    this.#online();
    const book = this.#book(endpoint);
    book.now = Date.now();
    const session = `ses-new-${book.items.length}`;
    book.open(session, ME, purpose);
    await this.#tellOverview();
    return session;
  }

  async closeSession(session: string): Promise<void> {
    this.#online();
    this.#visit(session).close();
    this.#tellSession(session, 1);
    await this.#tellOverview();
  }

  async propose(session: string, command: NewCommand): Promise<string> {
    this.#online();
    const visit = this.#visit(session);
    const before = visit.book.items.length;
    const interpreter = command.interpreter ?? (visit.book.endpoint.os === 'windows' ? 'powershell' : 'bash');
    const action = `${session}-n${before}`;
    visit.say('action.proposed', { action, facts: { interpreter, timeout_ms: command.timeout_ms ?? 600_000 }, texts: { command: command.command, reason: command.reason, ...(command.cwd ? { cwd: command.cwd } : {}) } });
    visit.authorise(action);
    visit.endpoint('command.started', action, { pid: 20_000 + before, interpreter, elevated: false }, { cwd: command.cwd ?? '/home/john', user: 'john' });
    this.#tellSession(session, visit.book.items.length - before);
    void this.#play(visit, action, command.command);
    return action;
  }

  async cancel(action: string): Promise<void> {
    this.#online();
    this.#cancelled.add(action);
    const session = action.replace(/-[an]\d+$/, '');
    this.#visit(session).say('action.cancel_requested', { action });
    this.#tellSession(session, 1);
  }

  async chat(session: string, message: string): Promise<void> {
    this.#online();
    this.#visit(session).chat(message);
    this.#tellSession(session, 1);
  }

  async note(session: string, note: string): Promise<void> {
    this.#online();
    this.#visit(session).note(note);
    this.#tellSession(session, 1);
  }

  inbox = async (): Promise<InboxView> => this.#consent.inbox();
  async approval(action: string): Promise<ApprovalDetail> {
    await pause(20);
    return this.#consent.detail(action);
  }
  decide = (action: string, verdict: Verdict): Promise<ApprovalRow> => this.#consent.decide(action, verdict);
  async nudge(action: string): Promise<ApprovalRow> {
    this.#online();
    return this.#consent.nudge(action);
  }
  async withdraw(action: string): Promise<void> {
    this.#online();
    this.#consent.withdraw(action);
  }
  stateDifference = async (action: string): Promise<StateDifference | null> => this.#consent.difference(action);
  async speakers(): Promise<SpeakersView> {
    this.#online();
    await pause(20);
    return this.#consent.speakers();
  }
  introduce = async (device: string): Promise<SpeakersView> => this.#consent.introduce(device);
  revokeSpeaker = async (device: string): Promise<SpeakersView> => this.#consent.revoke(device);
  grant = async (wanted: NewStanding): Promise<SpeakersView> => this.#consent.grant(wanted);
  takeBack = async (name: string): Promise<SpeakersView> => this.#consent.takeBack(name);
  setFloor = async (wanted: NewFloor): Promise<SpeakersView> => this.#consent.setFloor(wanted);
  withdrawFloor = async (name: string): Promise<SpeakersView> => this.#consent.withdrawFloor(name);
  async declareEmergency(action: string, why: string): Promise<ApprovalRow> {
    this.#online();
    return this.#consent.declare(action, why);
  }
  async reviewEmergency(action: string, justified: boolean, note: string): Promise<ApprovalRow> {
    this.#online();
    return this.#consent.review(action, justified, note);
  }
  async mailContacts(client: string): Promise<MailContactsView> {
    this.#online();
    await pause(30);
    return this.#mail.of(client);
  }
  async keepMailContact(client: string, before: string | null, contact: MailContactRow): Promise<MailContactsView> {
    this.#online();
    await pause(30);
    return this.#mail.keep(client, before, contact);
  }
  async removeMailContact(client: string, address: string): Promise<MailContactsView> {
    this.#online();
    return this.#mail.remove(client, address);
  }

  #record(action: string, kind: string, facts: Record<string, unknown>, texts: Record<string, string>): void {
    const book = [...this.#world.books.values()].find((one) => one.items.some((item) => item.action === action)) ?? this.#book('ep-this');
    book.now = Date.now();
    book.add(kind, { action, session: book.items.find((item) => item.action === action)?.session ?? null, facts, texts, actor: { kind: 'member', name: ME.name } });
  }

  async sessions(filter: SessionFilter): Promise<SessionRow[]> {
    return this.#rows().filter(
      (row) =>
        (filter.client === null || row.client === filter.client) &&
        (filter.endpoint === null || row.endpoint === filter.endpoint) &&
        (filter.member === null || row.member === filter.member) &&
        (filter.from_ms === null || (row.closed_at_ms ?? Number.MAX_SAFE_INTEGER) >= filter.from_ms) &&
        (filter.to_ms === null || row.opened_at_ms < filter.to_ms) &&
        (!filter.open_only || row.closed_at_ms === null),
    );
  }

  async watchSession(session: string): Promise<SessionHead> {
    this.#watched.add(session);
    const book = this.#bookOf(session);
    if (!book) throw new Failure({ code: 'not_found', message: 'This session is not in the cache, or not yet.', retry_after_ms: null });
    await pause(20);
    return book.head(session);
  }
  async sessionPage(session: string, from: number, before: number | null): Promise<SessionPage> {
    await pause(30);
    return this.#bookOf(session)?.page(session, from, before) ?? { items: [], context: [] };
  }
  async sessionCommands(session: string): Promise<CommandMark[]> {
    return [...runsOf(this.#bookOf(session)?.timeline(session) ?? []).values()].map(markOf);
  }
  async sessionProof(session: string): Promise<SessionProof> {
    const book = this.#bookOf(session);
    if (!book) throw new Failure({ code: 'not_found', message: 'There is no such session.', retry_after_ms: null });
    return book.proof(session);
  }

  async leaveSession(session: string): Promise<void> {
    this.#watched.delete(session);
  }

  async commandHistory(endpoint: string): Promise<string[]> {
    const commands = this.#book(endpoint).items.flatMap((item) => (item.kind === 'action.proposed' ? (item.texts.find((text) => text.name === 'command')?.text ?? []) : []));
    return [...new Set(commands.reverse())];
  }

  async draft(session: string): Promise<string> {
    return this.#drafts.get(session) ?? '';
  }

  async keepDraft(session: string, text: string): Promise<void> {
    this.#drafts.set(session, text);
  }

  async cancelExport(session: string): Promise<void> {
    this.#exports.delete(session);
  }

  async verifyAgain(endpoint: string): Promise<VerifyProgress> {
    const book = this.#book(endpoint);
    const progress: VerifyProgress = { endpoint, done: 0, total: book.items.length, finished: false, verification: book.endpoint.verification, faults: book.items.flatMap((item) => (item.fault ? [`${item.seq}: ${item.fault}`] : [])) };
    for (let part = 1; part <= 5; part += 1) {
      await pause(80);
      progress.done = Math.round((book.items.length * part) / 5);
      this.#tell({ type: 'verify', progress: { ...progress, finished: part === 5 } });
    }
    return { ...progress, finished: true };
  }

  search = async (query: SearchQuery): Promise<SearchResult> => find(this.#world.books.values(), query);

  async exportSession(session: string, format: ExportFormat): Promise<string | null> {
    this.#exports.add(session);
    for (let done = 0; done <= 10; done += 1) {
      if (!this.#exports.has(session)) throw new Failure({ code: 'cancelled', message: 'Stopped, as asked. Nothing was written.', retry_after_ms: null });
      this.#tell({ type: 'export', session, done, total: 10 });
      await pause(60);
    }
    return `/home/john/Documents/${session}.${format}`;
  }

  async reveal(): Promise<void> {}
  async startsAtSignIn(): Promise<boolean> {
    return this.#startsAtSignIn;
  }

  async startAtSignIn(on: boolean): Promise<void> {
    this.#startsAtSignIn = on;
  }

  async quit(): Promise<void> {}

  reached(mark: 'painted' | 'usable'): void {
    performance.mark(mark);
  }

  async #play(visit: Visit, action: string, command: string): Promise<void> {
    const began = performance.now();
    const script = scriptFor(command, visit.book.endpoint.hostname);
    let chunk = 0;
    for (const line of script.lines) {
      await pause(line.after_ms);
      if (this.#cancelled.has(action)) break;
      visit.book.now = Date.now();
      visit.endpoint('command.output', action, { stream: line.stream, chunk: chunk++ }, { output: line.text });
      this.#tellSession(visit.session, 1, 'unverified');
    }
    await pause(script.tail_ms);
    visit.book.now = Date.now();
    const cancelled = this.#cancelled.has(action);
    visit.endpoint('command.finished', action, { outcome: cancelled ? 'cancelled' : 'exited', ...(cancelled ? {} : { exit_code: script.exit }), duration_ms: Math.round(performance.now() - began), stdout_bytes: 0, stderr_bytes: 0 });
    this.#tellSession(visit.session, chunk + 1);
    await this.#tellOverview();
  }

  #online(): void {
    if (this.#connection.state !== 'online') throw new Failure({ code: 'offline', message: 'The control plane cannot be reached, so nothing was sent.', retry_after_ms: null });
  }

  #book(endpoint: string): Book {
    const book = this.#world.books.get(endpoint);
    if (!book) throw new Failure({ code: 'not_found', message: 'There is no such endpoint.', retry_after_ms: null });
    return book;
  }

  #bookOf(session: string): Book | undefined {
    return [...this.#world.books.values()].find((book) => book.sessions.has(session));
  }

  #visit(session: string): Visit {
    const book = this.#bookOf(session);
    if (!book) throw new Failure({ code: 'not_found', message: 'There is no such session.', retry_after_ms: null });
    if (this.#row(session).closed_at_ms !== null) throw new Failure({ code: 'conflict', message: 'The session is closed.', retry_after_ms: null });
    book.now = Date.now();
    return new Visit(book, session, ME);
  }

  #row(session: string): SessionRow {
    const row = this.#bookOf(session)?.sessions.get(session);
    if (!row) throw new Failure({ code: 'not_found', message: 'There is no such session.', retry_after_ms: null });
    return { ...row };
  }

  #rows(): SessionRow[] {
    return [...this.#world.books.values()].flatMap((book) => [...book.sessions.values()].map((row) => ({ ...row }))).sort((a, b) => b.opened_at_ms - a.opened_at_ms);
  }

  async #start(startup: Startup): Promise<void> {
    this.#startup = startup;
    // As the desktop does: before the window is to be shown there is something to show.
    if (startup.stage === 'ready') await this.#tellOverview();
    this.#tell({ type: 'startup', startup });
  }

  #tell(event: HostEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #tellSession(session: string, count: number, verification: 'verified' | 'unverified' = 'verified'): void {
    if (!this.#watched.has(session)) return;
    const items = this.#bookOf(session)?.items.slice(-count) ?? [];
    this.#tell({ type: 'session', session, items: items.map((item) => ({ ...item, verification })), row: this.#row(session) });
  }

  async #tellOverview(): Promise<void> {
    this.#tell({ type: 'overview', ...(await this.overview()) });
  }
}

function startupFor(query: URLSearchParams): Startup {
  switch (query.get('start')) {
    case 'choose':
      return { stage: 'choose' };
    case 'opening':
      return { stage: 'opening' };
    case 'keystore':
      return { stage: 'key_store_missing', failure: { code: 'key_store_missing', message: 'This machine has no key store service, so the console has no safe place for the key of its encrypted cache. Nothing was opened or written.', retry_after_ms: null }, cache_exists: query.has('cache') };
    case 'failed':
      return { stage: 'failed', failure: { code: 'not_recorded', message: 'The data directory is on a full disk: /home/john/.local/share/caisey-console.', retry_after_ms: null } };
    default:
      return { stage: 'ready', open: query.get('open') };
  }
}
