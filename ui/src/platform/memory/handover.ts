/**
 * Hand-overs of the in-memory host, far enough for the page: drafts with coverage, a scrub with a handful of rules, answers, audit tables.
 * Chosen by the address: `?reviewer` (nobody here took part), `?reviewed`, `?blocked` (the scrub finds too little), `?long` (a long audit table).
 */
import { counted } from '../../app/time';
import type { AuditPreset } from '../../generated/AuditPreset';
import type { AuditRow } from '../../generated/AuditRow';
import type { AuditView } from '../../generated/AuditView';
import type { CoverageView } from '../../generated/CoverageView';
import type { DraftPiece } from '../../generated/DraftPiece';
import type { DraftRow } from '../../generated/DraftRow';
import type { DraftView } from '../../generated/DraftView';
import type { NamedRow } from '../../generated/NamedRow';
import type { NegativeView } from '../../generated/NegativeView';
import type { NewShare } from '../../generated/NewShare';
import type { RecordOf } from '../../generated/RecordOf';
import type { ReviewRow } from '../../generated/ReviewRow';
import type { ScrubView } from '../../generated/ScrubView';
import type { ShareRow } from '../../generated/ShareRow';
import type { ShareVisitRow } from '../../generated/ShareVisitRow';
import type { Shown } from '../../generated/Shown';
import type { TimelineItem } from '../../generated/TimelineItem';
import type { HandOver, Leaving, Selected, TableForm } from '../handover';
import { Failure, type HostEvent } from '../host';
import type { Book } from './book';
import { PRESETS } from './controls';
import { segmentsIfNeeded } from './visible';
import { ME } from './world';

const ORDER = ['exception', 'break_glass_unreviewed', 'approved_before_it_ran', 'automatic_under_policy', 'did_not_run'];
/** Lines of an audit table that come with its counts. */
const FIRST_LINES = 6;
const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const SENTENCE = 'I have reviewed this record. I took no part in the work that it shows. To the best of my knowledge it is complete and shows what was done.';
const FIXED = 'Times, kinds, decisions, exit codes, counts and the verbs of commands always stay: without them nobody could tell what was done. What can be hidden are the other words of texts.';
const CLASSES = ['password', 'token', 'user-path', 'document', 'email', 'user', 'host', 'ip', 'phone', 'guid'];
const RULES: [string, string, RegExp][] = [
  ['user-path', 'windows-profile', /[A-Z]:\\Users\\[^\s"']+/g],
  ['email', 'address', /[\w.+-]+@[\w-]+\.[\w.]+/g],
  ['ip', 'ipv4', /\b\d{1,3}(?:\.\d{1,3}){3}\b/g],
  ['user', 'account-name', /(?<=Account Name: )\S+/g],
  ['host', 'session-host', /\b(?:ENDPOINT-RETAIL-07|SRV-FILES-01|fin-db-02|atlas-workstation)\b/g],
];
const LEAST_MS = 300;
const refuse = (code: string, message: string): Failure => new Failure({ code, message, retry_after_ms: null });

interface Span {
  from: number;
  to: number;
  class: string;
  by: string;
}

interface Draft {
  of: RecordOf;
  entries: { item: TimelineItem; hostname: string }[];
  shown: number[];
  spans: Map<string, Span[]> | null;
  names: Map<string, string>;
  restored: ScrubView['restored'];
}

export class MemoryHandOver implements HandOver {
  #drafts = new Map<string, Draft>();
  #opened = 0;
  #reviews = new Map<string, ReviewRow[]>();

  constructor(
    readonly books: () => Iterable<Book>,
    readonly query: URLSearchParams,
    readonly tell: (event: HostEvent) => void,
    readonly running: Set<string>,
  ) {}

  async open(of: RecordOf): Promise<DraftView> {
    await pause(60);
    const entries = this.#entries(of);
    if (entries.length === 0) throw refuse('not_found', 'There is no entry of this record in the cache. It may not be synchronised yet; try another period.');
    const name = `draft-${++this.#opened}`;
    this.#drafts.set(name, { of, entries, shown: entries.map(() => 0), spans: null, names: new Map(), restored: [] });
    if (this.query.has('reviewed') && !this.#reviews.has(key(of))) {
      this.#reviews.set(key(of), [{ who: 'Priya Raman', role: 'admin', attests: true, reason: null, at_ms: Date.now() - 7_200_000, seen: entries.length, entries: entries.length, of_this: true, own: false }]);
    }
    return this.#view(name);
  }

  async rows(draft: string, from: number, count: number): Promise<DraftRow[]> {
    await pause(15);
    const own = this.#draft(draft);
    return own.entries.slice(from, from + count).map(({ item, hostname }, at) => ({
      row: from + at,
      hostname,
      seq: item.seq,
      time_ms: item.time_ms,
      kind: item.kind,
      actor_kind: item.actor_kind,
      who: item.actor_name,
      what: item.headline,
      outcome: item.kind === 'command.finished' ? (item.exit_code === null ? 'stopped as asked' : `exit code ${item.exit_code}`) : item.kind === 'action.authorised' ? 'authorised' : null,
      part: 1,
      parts: 1,
      texts: item.texts.map((text) => ({ name: text.name, withheld: text.text === null, pieces: text.text === null ? [] : this.#pieces(own, from + at, text.name, text.text) })),
      seen: (own.shown[from + at] ?? 0) >= LEAST_MS,
    }));
  }

  async shown(draft: string, shown: Shown[]): Promise<CoverageView> {
    const own = this.#draft(draft);
    for (const { row, ms } of shown) own.shown[row] = (own.shown[row] ?? 0) + Math.min(ms, 5_000);
    return coverage(own);
  }

  async close(draft: string): Promise<void> {
    this.#drafts.delete(draft);
  }

  async attest(draft: string): Promise<DraftView> {
    return this.#verdict(draft, null);
  }

  async refuse(draft: string, reason: string): Promise<DraftView> {
    return this.#verdict(draft, reason);
  }

  async #verdict(draft: string, reason: string | null): Promise<DraftView> {
    await pause(250);
    const own = this.#draft(draft);
    const { seen, entries } = coverage(own);
    const review: ReviewRow = { who: ME.name, role: 'owner', attests: reason === null, reason, at_ms: Date.now(), seen, entries, of_this: true, own: true };
    this.#reviews.set(key(own.of), [review, ...(this.#reviews.get(key(own.of)) ?? [])]);
    return this.#view(draft);
  }

  async scrub(draft: string): Promise<ScrubView> {
    const own = this.#draft(draft);
    if (own.spans === null) {
      await pause(200);
      own.spans = new Map();
      own.entries.forEach(({ item }, row) => {
        for (const text of item.texts) {
          const found: Span[] = [];
          for (const [name, rule, form] of RULES) {
            for (const match of (text.text ?? '').matchAll(form)) {
              const [from, to] = [match.index, match.index + match[0].length];
              if (!found.some((span) => from < span.to && span.from < to)) found.push({ from, to, class: name, by: rule });
            }
          }
          if (found.length > 0) own.spans?.set(`${row} ${text.name}`, found.sort((a, b) => a.from - b.from));
        }
      });
    }
    return this.#scrubView(own);
  }

  async hide(draft: string, selection: Selected): Promise<ScrubView> {
    await pause(80);
    const own = this.#draft(draft);
    const text = own.entries[selection.row]?.item.texts.find((one) => one.name === selection.text)?.text ?? '';
    const [from, to] = [selection.from.at + selection.from.units, selection.to.at + selection.to.units];
    const words = text.slice(from, to);
    if (words.trim() === '') throw refuse('invalid', 'Select at least one character to hide.');
    if (selection.text === 'command' && text.startsWith(words.trim()) && /^[\w-]+$/.test(words.trim())) throw refuse('invalid', `“${words.trim()}” stays. ${FIXED}`);
    const place = `${selection.row} ${selection.text}`;
    const kept = (own.spans?.get(place) ?? []).filter((span) => span.to <= from || to <= span.from);
    own.spans?.set(place, [...kept, { from, to, class: selection.class, by: ME.name }].sort((a, b) => a.from - b.from));
    return this.#scrubView(own);
  }

  async show(draft: string, row: number, text: string, at: number, reason: string): Promise<ScrubView> {
    await pause(80);
    const own = this.#draft(draft);
    const place = `${row} ${text}`;
    const span = own.spans?.get(place)?.find((one) => one.from <= at && at < one.to);
    if (!span) throw refuse('invalid', 'Nothing is hidden there, so nothing can be shown again.');
    own.spans?.set(place, (own.spans.get(place) ?? []).filter((one) => one !== span));
    own.restored = [...own.restored, { class: span.class, rule: span.by, by: ME.name, reason: reason.trim() }];
    return this.#scrubView(own);
  }

  async chooseCertificate(): Promise<string | null> {
    return 'northstar-signing.p12';
  }

  async leave(draft: string, wanted: Leaving): Promise<string | null> {
    const own = this.#draft(draft);
    if (wanted.signing.password === 'wrong') throw refuse('export_failed', 'Nothing was saved: the PKCS#12 file does not open with this password: type it again. If it is right, the file was damaged: export it again.');
    this.running.add(draft);
    for (let done = 0; done <= 10; done += 1) {
      if (!this.running.has(draft)) throw refuse('cancelled', 'Stopped, as asked. Nothing was changed.');
      this.tell({ type: 'export', session: draft, done: Math.round((own.entries.length * done) / 10), total: own.entries.length });
      await pause(80);
    }
    return `/home/john/Documents/caisey-${own.entries[0]?.hostname ?? 'record'}-20261117-2214.${wanted.form === 'pdf' ? 'pdf' : 'zip'}`;
  }

  #links: ShareRow[] | null = null;

  async share(draft: string, wanted: NewShare): Promise<ShareRow> {
    const own = this.#draft(draft);
    this.#online();
    for (let done = 1; done <= 4; done += 1) {
      this.tell({ type: 'export', session: draft, done: done * 262_144, total: 1_048_576 });
      await pause(90);
    }
    const number = (this.#links ?? []).length + 1;
    const row: ShareRow = { share: `shr-${number}`, state: 'active', open: true, label: wanted.label, session: own.of.of === 'session' ? own.of.session : null, reviewed: !wanted.unreviewed, passphrase: wanted.passphrase !== null, size_bytes: 1_048_576, created_at_ms: Date.now(), expires_at_ms: wanted.expires_at_ms, refreshed_at_ms: null, revoked_at_ms: null, views: 0, wrong_passphrases: 0, viewed_at_ms: null, url: `https://console.northstar-it.example/s/hT5mQ2vXr8KpLd0ZyW3uNg7s${number}` };
    this.#links = [row, ...this.#all()];
    return row;
  }

  async refreshShare(draft: string, share: string): Promise<ShareRow> {
    this.#draft(draft);
    await pause(200);
    const row = this.#all().find((one) => one.share === share);
    if (!row) throw refuse('not_found', 'There is no such share.');
    Object.assign(row, { state: 'refreshed', refreshed_at_ms: Date.now() });
    return { ...row };
  }

  async shares(): Promise<ShareRow[]> {
    this.#online();
    await pause(60);
    return this.#all().map((row) => ({ ...row }));
  }

  async visits(share: string): Promise<ShareVisitRow[]> {
    await pause(60);
    const now = Date.now();
    if ((this.#all().find((one) => one.share === share)?.views ?? 0) === 0) return [];
    return [
      { at_ms: now - 3_600_000, what: 'opened the page', agent: 'Safari on iPhone' },
      { at_ms: now - 86_400_000, what: 'fetched the evidence pack', agent: 'Firefox on Windows' },
      { at_ms: now - 86_460_000, what: 'gave a wrong passphrase', agent: 'Firefox on Windows' },
    ];
  }

  async revoke(share: string): Promise<void> {
    await pause(80);
    const row = this.#all().find((one) => one.share === share);
    if (row) Object.assign(row, { state: 'revoked', open: false, revoked_at_ms: Date.now() });
  }

  #online(): void {
    if (this.query.has('offline')) throw refuse('offline', 'The control plane cannot be reached, so nothing was sent.');
  }

  #all(): ShareRow[] {
    const now = Date.now();
    const base: ShareRow = { share: 'shr-a', state: 'active', open: true, label: 'Meridian Mutual, claim 4711', session: 'ses-breach', reviewed: true, passphrase: true, size_bytes: 412_770, created_at_ms: now - 172_800_000, expires_at_ms: now + 2_419_200_000, refreshed_at_ms: null, revoked_at_ms: null, views: 3, wrong_passphrases: 1, viewed_at_ms: now - 3_600_000, url: 'https://console.northstar-it.example/s/Qx81vTz4nBfYc7RkJ2mWa9LePd' };
    this.#links ??= this.query.has('empty') ? [] : [base, { ...base, share: 'shr-b', state: 'revoked', open: false, label: 'Auditor, first draft', reviewed: false, passphrase: false, revoked_at_ms: now - 900_000_000, created_at_ms: now - 1_000_000_000, views: 0, wrong_passphrases: 0, viewed_at_ms: null, url: null }];
    return this.#links;
  }

  async ask(of: RecordOf, pattern: string): Promise<NegativeView> {
    await pause(120);
    const form = new RegExp(pattern.split('*').map((part) => part.replace(/[.+^${}()|[\]\\?]/g, '\\$&')).filter((part) => part !== '').join('.*'), 'i');
    const entries = this.#entries(of);
    const named = (item: TimelineItem, hostname: string, why: string, words: string): NamedRow => ({ hostname, session: item.session, seq: item.seq, time_ms: item.time_ms, who: item.actor_name, why, words });
    const matched = entries.flatMap(({ item, hostname }) => {
      const text = item.texts.find((one) => form.test(one.text ?? ''));
      return text && text.name !== 'message' && text.name !== 'note' && text.name !== 'reason' ? [named(item, hostname, text.name, (text.text ?? '').split('\n').find((line) => form.test(line))?.trim() ?? item.headline)] : [];
    });
    const unbounded = entries.flatMap(({ item, hostname }) => {
      if (item.kind === 'command.output_omitted') return [named(item, hostname, 'not all of the output was kept', item.headline)];
      if (item.kind === 'recorder.gap') return [named(item, hostname, 'the recorder could not record for a while', item.headline)];
      const command = item.texts.find((one) => one.name === 'command')?.text ?? '';
      return command.includes('urandom') || command.includes('sudo -u') ? [named(item, hostname, 'the command does not say what it touches', command.slice(0, 120))] : [];
    });
    const hosts = [...new Set(entries.map((one) => one.item.endpoint))];
    const complete = hosts.map((endpoint) => {
      const own = entries.filter((one) => one.item.endpoint === endpoint).map((one) => one.item);
      return { endpoint, hostname: entries.find((one) => one.item.endpoint === endpoint)?.hostname ?? endpoint, first_seq: own[0]?.seq ?? 0, last_seq: own.at(-1)?.seq ?? 0, entries: own.length, sessions: new Set(own.map((item) => item.session)).size, commands: own.filter((item) => item.kind === 'command.started').length, bounded: endpoint !== 'ep-this' };
    });
    const sum = (number: (row: (typeof complete)[number]) => number): number => complete.reduce((total, row) => total + number(row), 0);
    const texts = entries.reduce((total, { item }) => total + item.texts.length, 0);
    return {
      pattern,
      from_ms: of.of === 'period' ? of.from_ms : 0,
      to_ms: of.of === 'period' ? of.to_ms : 0,
      digest: '7c1f04b2a9e85d63'.repeat(4),
      sentences: [
        `The record has no gaps: ${counted(sum((row) => row.entries), 'entry', 'entries')} of ${counted(sum((row) => row.sessions), 'session')} with ${counted(sum((row) => row.commands), 'command')} on ${counted(complete.length, 'endpoint')}, every one in its place under a signed checkpoint.`,
        matched.length === 0 ? `No command, output or recorded state among ${texts} texts names ${pattern}.` : `${matched.length} texts name ${pattern}.`,
        unbounded.length === 0 ? 'There is no entry whose effects could not be bounded by reading it.' : `${unbounded.length} entries cannot be bounded by reading them (scripts, encoded commands, output that was not kept): what they touched is not known from the record alone.`,
      ],
      complete,
      matched,
      unbounded,
      searched_texts: texts,
      by: ME.name,
    };
  }

  async saveCertificate(): Promise<string | null> {
    return '/home/john/Documents/caisey-payroll-20261117-2214.certificate.json';
  }

  async audit(of: RecordOf, preset: AuditPreset): Promise<AuditView> {
    await pause(80);
    const lines = this.#table(of, preset);
    const counts = ORDER.flatMap((verdict) => {
      const found = lines.filter((line) => line.verdict === verdict);
      return found[0] ? [{ verdict, words: found[0].words, count: found.length }] : [];
    });
    return { digest: '19ab77c0de5f3312'.repeat(4), counts, controls: PRESETS[preset], lines: lines.slice(0, FIRST_LINES), total: lines.length };
  }

  async auditRows(of: RecordOf, preset: AuditPreset, from: number, count: number): Promise<AuditRow[]> {
    await pause(30);
    return this.#table(of, preset).slice(from, from + count);
  }

  #table(of: RecordOf, preset: AuditPreset): AuditRow[] {
    const controls = PRESETS[preset];
    const entries = this.#entries(of);
    const lines: AuditRow[] = entries.flatMap(({ item, hostname }) => (item.kind === 'action.proposed' ? [auditRow(item, hostname, entries.map((one) => one.item), controls.map((one) => one.id))] : []));
    // `?long`: as many as a busy month has.
    const all = this.query.has('long') ? Array.from({ length: 400 }, () => lines).flat() : lines;
    return all.sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || b.proposed_at_ms - a.proposed_at_ms);
  }

  async saveAudit(_of: RecordOf, _preset: AuditPreset, _about: string, form: TableForm): Promise<string | null> {
    await pause(200);
    return `/home/john/Documents/caisey-audit-20261117-2214.${form}`;
  }

  #entries(of: RecordOf): Draft['entries'] {
    return [...this.books()].flatMap((book) => {
      const items = of.of === 'session' ? (book.sessions.has(of.session) ? book.timeline(of.session) : []) : of.endpoints.length === 0 || of.endpoints.includes(book.endpoint.endpoint) ? book.items.filter((item) => item.time_ms >= of.from_ms && item.time_ms < of.to_ms) : [];
      return items.map((item) => ({ item, hostname: book.endpoint.hostname }));
    });
  }

  #draft(name: string): Draft {
    const draft = this.#drafts.get(name);
    if (!draft) throw refuse('not_found', 'There is no such open snapshot.');
    return draft;
  }

  #view(name: string): DraftView {
    const draft = this.#draft(name);
    const first = draft.entries[0];
    const own = draft.entries.find(({ item }) => item.actor_name === ME.name);
    const reviews = this.#reviews.get(key(draft.of)) ?? [];
    const mine = reviews.find((review) => review.own);
    const hosts = [...new Map(draft.entries.map((one) => [one.item.endpoint, one.hostname]))];
    const why = mine ? 'You reviewed this snapshot just now. A verdict is given once; a later change of the record needs a new one.' : own && !this.query.has('reviewer') ? `You took part in this work (entry ${own.item.seq}: ${own.item.headline}), so you cannot attest it. An attestation counts because somebody who did not do the work stands for the record: ask a colleague to open it on their console.` : null;
    return {
      draft: name,
      title: hosts.length === 1 ? (hosts[0]?.[1] ?? '') : `${hosts.length} endpoints`,
      about: draft.entries.find(({ item }) => item.kind === 'session.opened')?.item.texts[0]?.text ?? 'Everything in a period',
      session: draft.of.of === 'session' ? draft.of.session : null,
      digest: '3fa9c21e88d04b7715e6'.repeat(4).slice(0, 64),
      from_ms: first?.item.time_ms ?? 0,
      to_ms: draft.entries.at(-1)?.item.time_ms ?? 0,
      logs: hosts.map(([endpoint, hostname]) => ({ endpoint, hostname, first_seq: first?.item.seq ?? 0, last_seq: draft.entries.at(-1)?.item.seq ?? 0, size: (draft.entries.at(-1)?.item.seq ?? 0) + 12 })),
      rows: draft.entries.length,
      entries: draft.entries.length,
      out_of_scope: 0,
      state: reviews.some((review) => !review.attests) ? 'refused' : reviews.length > 0 ? 'reviewed' : 'draft',
      reviews,
      changed: null,
      why_not_attest: why,
      sentence: SENTENCE,
      coverage: coverage(draft),
    };
  }

  #pieces(draft: Draft, row: number, name: string, text: string): DraftPiece[] {
    const spans = draft.spans?.get(`${row} ${name}`) ?? [];
    const borders = [...new Set([0, ...spans.flatMap((span) => [span.from, span.to]), text.length])].sort((a, b) => a - b);
    return borders.slice(0, -1).flatMap((from, at) => {
      const to = borders[at + 1] ?? text.length;
      const span = spans.find((one) => one.from <= from && from < one.to);
      const removal = span ? { at: span.from, class: span.class, by: span.by, pseudonym: this.#pseudonym(draft, span.class, text.slice(span.from, span.to)), first: span.from === from } : null;
      const words = text.slice(from, to);
      let start = from;
      return (segmentsIfNeeded(words) ?? [{ type: 'plain' as const, text: words }]).map((segment, number) => {
        const piece: DraftPiece = segment.type === 'plain' ? { at: start, text: segment.text, label: false, removal } : { at: start, text: segment.label, label: true, removal };
        start += segment.type === 'plain' ? segment.text.length : 1;
        return removal && number > 0 ? { ...piece, removal: { ...removal, first: false } } : piece;
      });
    });
  }

  #pseudonym(draft: Draft, name: string, content: string): string {
    const own = `${name} ${content.toLowerCase()}`;
    const known = draft.names.get(own);
    if (known) return known;
    const next = `${name} ${[...draft.names.keys()].filter((one) => one.startsWith(`${name} `)).length + 1}`;
    draft.names.set(own, next);
    return next;
  }

  #scrubView(draft: Draft): ScrubView {
    const all = [...(draft.spans ?? new Map<string, Span[]>()).entries()];
    const blocked = this.query.has('blocked');
    const classes = CLASSES.map((name) => {
      const below = blocked && name === 'host';
      return { class: name, removals: all.reduce((sum, [, spans]) => sum + spans.filter((span) => span.class === name).length, 0), planted: 40, found: below ? 31 : 40, below };
    }).sort((a, b) => Number(b.below) - Number(a.below) || b.removals - a.removals);
    return {
      rules: 'caisey-scrub 0.1.0',
      removals: classes.reduce((sum, one) => sum + one.removals, 0),
      classes,
      least_per_mille: 950,
      blocked: blocked ? 'Nothing leaves scrubbed. Made-up identifiers were planted in a copy of this record, and the rules found too few of them: 31 of 40 of class host (95 % have to be found). What they missed there they may have missed in the record too. Hand over a shorter record, or the complete one to somebody who is entitled to it; newer rules come with newer versions of this program.' : null,
      rows: [...new Set(all.filter(([, spans]) => spans.length > 0).map(([place]) => Number(place.split(' ')[0])))].sort((a, b) => a - b),
      restored: draft.restored,
      fixed: FIXED,
    };
  }
}

function key(of: RecordOf): string {
  return JSON.stringify(of);
}

function coverage(draft: Draft): CoverageView {
  const runs: [number, number][] = [];
  let next: number | null = null;
  draft.shown.forEach((ms, row) => {
    if (ms < LEAST_MS) next ??= row;
    else if (runs.at(-1)?.[1] === row - 1) runs[runs.length - 1] = [runs.at(-1)?.[0] ?? row, row];
    else runs.push([row, row]);
  });
  const seen = draft.shown.filter((ms) => ms >= LEAST_MS);
  return { seen: seen.length, entries: draft.entries.length, runs, next, shown_ms: Math.round(seen.reduce((sum, ms) => sum + ms, 0)) };
}

function auditRow(item: TimelineItem, hostname: string, all: TimelineItem[], controls: string[]): AuditRow {
  const of = (kind: string): TimelineItem | undefined => all.find((one) => one.action === item.action && one.kind === kind);
  const [authorised, started, finished, decided] = [of('action.authorised'), of('command.started'), of('command.finished'), of('approval.decided')];
  const unknown = of('action.unknown') !== undefined;
  const [verdict, words] = unknown ? ['exception', 'Exception'] : !started ? ['did_not_run', 'Did not run'] : decided ? ['approved_before_it_ran', 'Approved before it ran, by somebody authorised then'] : ['automatic_under_policy', 'Allowed by policy without asking'];
  const policy = `${decided ? 'Policy' : 'Allowed without asking by policy'} ${String(authorised?.facts['policy'] ?? 'none')}, version ${String(authorised?.facts['policy_version'] ?? 0)}`;
  return {
    verdict,
    words,
    reasons: unknown ? ['How it ended is not known: the endpoint vanished while it ran.'] : [],
    hostname,
    session: item.session ?? '',
    seq: item.seq,
    proposed_at_ms: item.time_ms,
    requester: item.actor_name,
    command: (item.texts.find((text) => text.name === 'command')?.text ?? '').split('\n')[0] ?? '',
    class: 'read only',
    authority: [...(decided ? [`${decided.actor_name} (contact): approved on their console, signed with their own key, ${new Date(decided.time_ms).toISOString().slice(0, 19).replace('T', ' ')} UTC, entry ${decided.seq}`] : []), policy],
    authorised: authorised ? [authorised.seq, authorised.time_ms] : null,
    started: started ? [started.seq, started.time_ms] : null,
    outcome: unknown ? 'unknown' : finished ? (finished.exit_code === null ? String(finished.facts['outcome']) : `exit code ${finished.exit_code}`) : 'running, or not recorded',
    controls,
  };
}
