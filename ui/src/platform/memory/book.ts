/**
 * Writes logs for the in-memory host in the shape the console's Rust side gives them: dense sequence numbers, one timeline item
 * per entry, headlines in the same words.
 */
import type { EndpointRow } from '../../generated/EndpointRow';
import { PAGE_ENTRIES } from '../../features/session/pages';
import type { SessionHead } from '../../generated/SessionHead';
import type { SessionPage } from '../../generated/SessionPage';
import type { SessionProof } from '../../generated/SessionProof';
import type { SessionRow } from '../../generated/SessionRow';
import type { TimelineItem } from '../../generated/TimelineItem';
import type { Verification } from '../../generated/Verification';
import { segmentsIfNeeded } from './visible';

export type Facts = Record<string, unknown>;

export interface Person {
  id: string;
  name: string;
}

export interface Said {
  session?: string | null;
  action?: string | null;
  facts?: Facts;
  texts?: Record<string, string | null>;
  actor?: { kind: string; name: string };
}

const CONTROL = { kind: 'control', name: 'Control plane' };

/** One endpoint with its log. */
export class Book {
  readonly items: TimelineItem[] = [];
  readonly sessions = new Map<string, SessionRow>();
  now: number;

  constructor(
    readonly endpoint: EndpointRow,
    start: number,
  ) {
    this.now = start;
    this.add('endpoint.enrolled', { facts: { os: endpoint.os, arch: endpoint.arch }, texts: { hostname: endpoint.hostname } });
    this.wait(4).add('endpoint.connected', { facts: { runtime_version: '0.1.0', next_counter: 0 } });
  }

  wait(seconds: number): this {
    this.now += Math.round(seconds * 1000);
    return this;
  }

  at(iso: string): this {
    this.now = Date.parse(iso);
    return this;
  }

  add(kind: string, said: Said = {}): TimelineItem {
    const facts = said.facts ?? {};
    const actor = said.actor ?? CONTROL;
    const item: TimelineItem = {
      endpoint: this.endpoint.endpoint,
      seq: this.items.length,
      time_ms: this.now,
      kind,
      actor_kind: actor.kind,
      actor_name: actor.name,
      headline: headline(kind, facts),
      session: said.session ?? null,
      action: said.action ?? null,
      stream: typeof facts['stream'] === 'string' ? facts['stream'] : null,
      exit_code: typeof facts['exit_code'] === 'number' ? facts['exit_code'] : null,
      facts,
      texts: Object.entries(said.texts ?? {}).map(([name, text]) => ({ name, text, segments: text === null ? null : segmentsIfNeeded(text) })),
      verification: 'verified',
      fault: null,
    };
    this.items.push(item);
    this.endpoint.log_size = this.items.length;
    this.endpoint.cached_size = this.items.length;
    this.endpoint.changed_at_ms = this.now;
    const row = item.session === null ? undefined : this.sessions.get(item.session);
    if (row) {
      row.last_seq = item.seq;
      if (kind === 'action.proposed') row.actions += 1;
      if (kind === 'session.closed') row.closed_at_ms = this.now;
    }
    return item;
  }

  open(session: string, who: Person, purpose: string): Visit {
    this.sessions.set(session, {
      session,
      endpoint: this.endpoint.endpoint,
      hostname: this.endpoint.hostname,
      client: this.endpoint.client,
      client_name: this.endpoint.client_name,
      member: who.id,
      member_name: who.name,
      purpose,
      opened_at_ms: this.now,
      closed_at_ms: null,
      first_seq: this.items.length,
      last_seq: this.items.length,
      actions: 0,
      verification: 'verified',
    });
    const visit = new Visit(this, session, who);
    visit.say('session.opened', { texts: { purpose } });
    return visit;
  }

  /** The session's entries, and the endpoint's own between them. */
  timeline(session: string): TimelineItem[] {
    const row = this.#row(session);
    return this.items.filter((item) => item.seq >= row.first_seq && item.seq <= row.last_seq && (item.session === session || item.session === null));
  }

  head(session: string): SessionHead {
    const items = this.timeline(session);
    return { row: { ...this.#row(session) }, total: items.length, pages: items.flatMap((item, at) => (at % PAGE_ENTRIES === 0 ? [item.seq] : [])) };
  }

  page(session: string, from: number, before: number | null): SessionPage {
    const all = this.timeline(session);
    const items = all.filter((item) => item.seq >= from && (before === null || item.seq < before));
    const actions = new Set(items.flatMap((item) => item.action ?? []));
    const outside = all.filter((item) => item.action !== null && actions.has(item.action) && item.kind !== 'command.output' && !items.includes(item));
    // Whoever asks gets entries of their own: what is erased later is another answer.
    const copies = (list: TimelineItem[]): TimelineItem[] => list.map((item) => ({ ...item }));
    return { items: copies(items), context: copies(outside) };
  }

  proof(session: string): SessionProof {
    const items = this.timeline(session);
    const broken = items.filter((item) => item.verification === 'broken');
    const root = fakeRoot(this.endpoint.endpoint, this.items.length);
    return {
      row: { ...this.#row(session) },
      total: items.length,
      broken: broken.length,
      unverified: items.filter((item) => item.verification === 'unverified').length,
      erased: items.filter((item) => item.texts.some((text) => text.text === null)).length,
      gaps: items.filter((item) => item.kind === 'recorder.gap').length,
      faults: broken.map((item) => ({ seq: item.seq, why: item.fault ?? 'A check failed.' })),
      checkpoint: `control.example/log/${this.endpoint.endpoint}\n${this.items.length}\n${root}\n\n— control.example/log Yc8Q2tVgk0…\n`,
      root,
      log_size: this.items.length,
      cosigned: [
        { who: this.endpoint.hostname, kind: 'endpoint', size: this.items.length, time_ms: this.#row(session).opened_at_ms, covers_all: true, introduced: true },
        { who: 'Priya Raman', kind: 'console', size: this.items.length, time_ms: this.#row(session).opened_at_ms, covers_all: true, introduced: true },
      ],
    };
  }

  #row(session: string): SessionRow {
    const row = this.sessions.get(session);
    if (!row) throw new Error(`no session ${session}`);
    return row;
  }
}

/** One session being written. */
export class Visit {
  #actions = 0;

  constructor(
    readonly book: Book,
    readonly session: string,
    readonly who: Person,
  ) {}

  wait(seconds: number): this {
    this.book.wait(seconds);
    return this;
  }

  at(iso: string): this {
    this.book.at(iso);
    return this;
  }

  say(kind: string, said: Said = {}): this {
    this.book.add(kind, { session: this.session, actor: { kind: 'member', name: this.who.name }, ...said });
    return this;
  }

  chat(message: string, from: Person = this.who): this {
    return this.say('chat.message', { texts: { message }, actor: { kind: 'member', name: from.name } });
  }

  note(note: string): this {
    return this.say('note.added', { texts: { note } });
  }

  close(): this {
    return this.say('session.closed', { facts: { reason: 'by_technician' } });
  }

  propose(command: string, interpreter: string, reason: string, more: Record<string, string> = {}): string {
    const action = `${this.session}-a${++this.#actions}`;
    this.say('action.proposed', { action, facts: { interpreter, timeout_ms: 600_000 }, texts: { command, reason, ...more } });
    return action;
  }

  authorise(action: string, policy = 'Technicians may run', channel = 'policy'): this {
    return this.say('action.authorised', { action, facts: { policy, policy_version: 3, channel }, actor: CONTROL });
  }

  endpoint(kind: string, action: string, facts: Facts, texts: Record<string, string | null> = {}): this {
    return this.say(kind, { action, facts, texts, actor: { kind: 'endpoint', name: this.book.endpoint.hostname } });
  }

  /** A whole command: proposed, authorised, started, printed, finished. */
  run(command: string, how: { interpreter?: string; reason?: string; out?: string; err?: string; exit?: number; seconds?: number; policy?: string; user?: string; cwd?: string }): this {
    const interpreter = how.interpreter ?? 'bash';
    const action = this.propose(command, interpreter, how.reason ?? '');
    this.wait(0.06).authorise(action, how.policy);
    const windows = this.book.endpoint.os === 'windows';
    this.wait(0.05).endpoint('command.started', action, { pid: 4100 + this.book.items.length, interpreter, elevated: true }, {
      cwd: how.cwd ?? (windows ? 'C:\\Windows\\System32' : '/root'),
      user: how.user ?? (windows ? 'NT AUTHORITY\\SYSTEM' : 'root'),
    });
    const seconds = how.seconds ?? 0.4;
    this.wait(seconds * 0.5);
    if (how.out) this.endpoint('command.output', action, { stream: 'stdout', chunk: 0 }, { output: how.out });
    if (how.err) this.wait(0.02).endpoint('command.output', action, { stream: 'stderr', chunk: 0 }, { output: how.err });
    return this.wait(seconds * 0.5).endpoint('command.finished', action, {
      outcome: 'exited',
      exit_code: how.exit ?? 0,
      duration_ms: Math.round(seconds * 1000),
      stdout_bytes: how.out?.length ?? 0,
      stderr_bytes: how.err?.length ?? 0,
    });
  }
}

export function worst(items: readonly { verification: Verification }[]): Verification {
  if (items.some((item) => item.verification === 'broken')) return 'broken';
  return items.some((item) => item.verification === 'unverified') ? 'unverified' : 'verified';
}

function headline(kind: string, facts: Facts): string {
  switch (kind) {
    case 'endpoint.enrolled':
      return `Endpoint enrolled: ${facts['os']}, ${facts['arch']}`;
    case 'endpoint.connected':
      return `Runtime connected, version ${facts['runtime_version']}`;
    case 'endpoint.disconnected':
      return facts['reason'] === 'lost' ? 'Connection to the runtime lost' : `Runtime disconnected: ${facts['reason']}`;
    case 'session.opened':
      return 'Session opened';
    case 'session.closed':
      return 'Session closed by the technician';
    case 'action.proposed':
      return 'Command proposed';
    case 'action.authorised':
      return `Authorised by policy “${facts['policy']}”, version ${facts['policy_version']}`;
    case 'action.refused':
      return `Refused: ${facts['code']}`;
    case 'action.cancel_requested':
      return 'Cancellation requested';
    case 'action.unknown':
      return 'The runtime vanished while the command ran; how it ended is not known';
    case 'approval.requested':
      return 'Approval requested';
    case 'approval.delivered':
      return `Approval request delivered by ${facts['channel']}`;
    case 'approval.decided':
      return `Approval ${facts['decision']} by ${facts['channel']}`;
    case 'action.break_glass':
      return 'An emergency was declared (break-glass)';
    case 'action.reviewed':
      return `The emergency was reviewed: ${facts['verdict'] === 'justified' ? 'justified' : 'not justified'}`;
    case 'command.started':
      return `Command started, process ${facts['pid']}`;
    case 'command.output':
      return facts['stream'] === 'stderr' ? 'Error output' : 'Output';
    case 'command.output_omitted':
      return `${facts['omitted_bytes']} bytes of output were not kept`;
    case 'command.finished':
      return facts['outcome'] === 'cancelled'
        ? `Command cancelled after ${(Number(facts['duration_ms']) / 1000).toFixed(1)} s`
        : `Command finished: exit code ${facts['exit_code']} after ${(Number(facts['duration_ms']) / 1000).toFixed(1)} s`;
    case 'state.captured':
      return facts['phase'] === 'before' ? 'State before' : 'State after';
    case 'chat.message':
      return 'Chat';
    case 'note.added':
      return 'Note';
    case 'recorder.gap':
      return `Recorder gap: ${facts['cause']}`;
    default:
      return kind;
  }
}

function fakeRoot(endpoint: string, size: number): string {
  let state = 2166136261 ^ size;
  let bytes = '';
  for (let at = 0; at < 32; at += 1) {
    state = Math.imul(state ^ endpoint.charCodeAt(at % endpoint.length), 16777619);
    bytes += String.fromCharCode((state >>> 16) & 255);
  }
  return btoa(bytes);
}
