/**
 * Policies in memory: what crates/policy does, far enough for the page. `?policies=empty` has the built-in one only, `?raced` refuses a
 * publication because somebody was faster, `?slowrun` takes its time over a dry run, `?misplaced` has the control plane complain.
 */
import type { ClientPoliciesView } from '../../generated/ClientPoliciesView';
import type { DryRunGroup } from '../../generated/DryRunGroup';
import type { DryRunView } from '../../generated/DryRunView';
import type { OutcomeView } from '../../generated/OutcomeView';
import type { PoliciesView } from '../../generated/PoliciesView';
import type { PolicyDetail } from '../../generated/PolicyDetail';
import type { PolicyDraft } from '../../generated/PolicyDraft';
import type { PolicyDraftView } from '../../generated/PolicyDraftView';
import type { PolicyProblem } from '../../generated/PolicyProblem';
import type { PolicyRow } from '../../generated/PolicyRow';
import type { PolicyRule } from '../../generated/PolicyRule';
import type { PolicyScope } from '../../generated/PolicyScope';
import type { PolicyVersion } from '../../generated/PolicyVersion';
import type { StandingOf } from '../../generated/StandingOf';
import type { TraitsView } from '../../generated/TraitsView';
import { emptyRule } from '../../features/policies/form';
import { Failure, type HostEvent } from '../host';
import { DRY_RUN, type Policies } from '../policies';
import { MemoryAgreements } from './agreements';
import type { Book } from './book';
import { BUILT_IN, cedar, classOf, linesOf, readText, sentence } from './rules';

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
const DAY = 86_400_000;

interface Kept {
  name: string;
  scope: PolicyScope;
  version: number;
  text: string;
  at: number | null;
  by: string | null;
}

export class MemoryPolicies implements Policies {
  readonly #kept: Kept[];
  readonly #agreements: MemoryAgreements;
  readonly #traits = new Map<string, TraitsView>();
  #run = 0;
  #raced = false;

  constructor(
    readonly query: URLSearchParams,
    readonly now: number,
    readonly books: () => Iterable<Book>,
    readonly tell: (event: HostEvent) => void,
    readonly me: string,
  ) {
    this.#agreements = new MemoryAgreements(query, now);
    this.#kept = query.get('policies') === 'empty' ? [builtIn()] : [builtIn(), ...published(now)];
  }

  async all(): Promise<PoliciesView> {
    await pause(40);
    if (this.query.has('refused')) throw new Failure({ code: 'control_internal', message: 'The control plane could not read its policies. Try again in a moment.', retry_after_ms: null });
    const order = ['organisation', 'client', 'endpoint_class', 'endpoint'];
    const names = [...new Set(this.#kept.map((kept) => kept.name))];
    const rows = names.map((name) => this.#row(name)).sort((a, b) => order.indexOf(a.scope.scope) - order.indexOf(b.scope.scope) || a.covers.localeCompare(b.covers) || a.name.localeCompare(b.name));
    return {
      rows,
      standing: this.query.get('policies') === 'empty' ? [] : standing(this.now),
      faults: this.query.get('chain') === 'broken' ? ['Meridian Freight: The control plane shows another list of who speaks for the client than the one that this console saw before.'] : [],
      as_of_ms: this.#offline() ? this.now - 754_000 : null,
      people: [
        { id: 'mem-2', name: 'Ana Ruiz' },
        { id: 'mem-1', name: 'John Doe' },
        { id: 'mem-3', name: 'Priya Raman' },
      ],
      classes: ['server', 'till'],
    };
  }

  async one(name: string): Promise<PolicyDetail> {
    await pause(20);
    const versions = this.#kept.filter((kept) => kept.name === name).reverse();
    if (versions.length === 0) throw new Failure({ code: 'not_found', message: 'There is no such policy.', retry_after_ms: null });
    const row = this.#row(name);
    return { row, agreements: this.#agreements.clients(row), versions: versions.map((kept) => this.#version(kept)) };
  }

  async draft(draft: PolicyDraft): Promise<PolicyDraftView> {
    await pause(5);
    return this.#drafted(draft);
  }

  async check(draft: PolicyDraft): Promise<PolicyDraftView> {
    const view = this.#drafted(draft);
    const taken = draft.after === 0 && this.#kept.some((kept) => kept.name === draft.name);
    if (taken) view.complaints.push(problem('Every version of a policy covers the same. Take this one out of force and publish another under a new name.'));
    if (this.query.has('misplaced')) view.complaints.push(problem('The policy covers a client or an endpoint that does not exist. Choose another.'));
    return view;
  }

  async tryOut(draft: PolicyDraft): Promise<DryRunView> {
    const own = ++this.#run;
    const steps = this.query.has('slowrun') ? 40 : 3;
    for (let done = 0; done <= steps; done += 1) {
      this.tell({ type: 'export', session: DRY_RUN, done: done * 30, total: steps * 30 });
      await pause(60);
      if (own !== this.#run) throw new Failure({ code: 'cancelled', message: 'Stopped, as asked. Nothing was changed.', retry_after_ms: null });
    }
    return this.#compare(draft);
  }

  async stop(): Promise<void> {
    this.#run += 1;
  }

  async publish(draft: PolicyDraft): Promise<PolicyDetail> {
    await pause(200);
    if (this.#offline()) throw new Failure({ code: 'offline', message: 'The control plane cannot be reached, so nothing was sent.', retry_after_ms: null });
    const next = this.#kept.findLast((kept) => kept.name === draft.name)?.version ?? 0;
    if (this.query.has('raced') && !this.#raced) {
      this.#raced = true;
      this.#kept.push({ name: draft.name, scope: draft.scope, version: next + 1, text: BUILT_IN, at: Date.now(), by: 'Priya Raman' });
      throw new Failure({ code: 'conflict', message: `The newest version of this policy is ${draft.after + 1}; yours follows ${draft.after}. Somebody published in between: look at theirs first.`, retry_after_ms: null });
    }
    this.#kept.push({ name: draft.name, scope: draft.scope, version: draft.after + 1, text: draft.form ? cedar(draft.form) : (draft.text ?? ''), at: Date.now(), by: this.me });
    return this.one(draft.name);
  }

  async forClient(): Promise<ClientPoliciesView> {
    await pause(40);
    if (this.query.has('refused')) throw new Failure({ code: 'control_internal', message: 'The control plane could not read its policies. Try again in a moment.', retry_after_ms: null });
    const covers = ({ scope }: PolicyRow): boolean => scope.scope === 'organisation' || (scope.scope === 'client' && scope.client === 'meridian-freight') || (scope.scope === 'endpoint_class' && scope.class === 'server');
    const names = [...new Set(this.#kept.map((kept) => kept.name))].filter((name) => covers(this.#row(name)));
    const rows = names.flatMap((name) => this.#agreements.seen(this.#row(name), this.#kept.filter((kept) => kept.name === name).reverse().map((kept) => this.#version(kept))) ?? []);
    const broken = 'The control plane shows another list of who speaks for the client than the one that this console saw before. Nothing is signed in it. Ask your provider, and do not approve anything until this is explained.';
    const strange = 'This console does not speak for the client yet, so it cannot agree for it. Ask a contact whose console does to introduce it.';
    return {
      client: 'meridian-freight',
      client_name: 'Meridian Freight',
      rows,
      to_agree: rows.filter((one) => one.fault === null && ['none', 'older'].includes(one.state)).length,
      cannot_sign: this.query.get('chain') === 'broken' ? broken : this.query.has('unintroduced') ? strange : null,
      as_of_ms: this.#offline() ? this.now - 754_000 : null,
    };
  }

  async agree(name: string, version: number, digest: string): Promise<ClientPoliciesView> {
    await pause(200);
    if (this.query.get('agree') === 'raced' && !this.#raced) {
      this.#raced = true;
      const before = this.#kept.findLast((kept) => kept.name === name);
      if (before) this.#kept.push({ ...before, version: version + 1, text: cedar({ rules: [emptyRule('Whatever changes anything needs the contact')] }), at: Date.now(), by: 'Priya Raman' });
    }
    const newest = this.#kept.findLast((kept) => kept.name === name);
    if (!newest || newest.version !== version || this.#version(newest).digest !== digest) throw new Failure({ code: 'conflict', message: `Version ${newest?.version ?? 0} of ${name} was published after you opened version ${version}. Nothing was signed. Look at what changed, and agree to that.`, retry_after_ms: null });
    this.#agreements.sign(name, version);
    return this.forClient();
  }

  async traits(endpoint: string): Promise<TraitsView> {
    await pause(20);
    return { ...(this.#traits.get(endpoint) ?? { class: endpoint === 'ep-files-01' ? 'server' : null, attended: endpoint.startsWith('ep-retail'), sensitive: endpoint === 'ep-fin-db' }) };
  }

  async setTraits(endpoint: string, traits: TraitsView): Promise<void> {
    await pause(60);
    if (traits.class !== null && !/^[a-z0-9-]{1,64}$/.test(traits.class)) throw new Failure({ code: 'bad_request', message: 'A class of endpoints is 1 to 64 small letters, digits and hyphens. Choose another.', retry_after_ms: null });
    this.#traits.set(endpoint, traits);
  }

  #offline(): boolean {
    return this.query.has('offline');
  }

  #row(name: string): PolicyRow {
    const newest = this.#kept.filter((kept) => kept.name === name).at(-1) ?? builtIn();
    const form = readText(newest.text).form;
    return { name, scope: newest.scope, covers: this.#covers(newest.scope), version: newest.version, in_force: newest.text.trim() !== '', published_at_ms: newest.at, published_by: newest.by, sentences: form?.rules.map((rule) => this.#sentence(rule)) ?? [], by_hand: form === null };
  }

  #version(kept: Kept): PolicyVersion {
    const { form, exact } = readText(kept.text);
    return { version: kept.version, published_at_ms: kept.at, published_by: kept.by, text: kept.text, digest: `5f2a9c0b7714e8d2aa63b1f09c4d7e5512389ab0cd4471fe6b02a85c93de1f${String(70 + kept.version)}`, form, exact, sentences: form?.rules.map((rule) => this.#sentence(rule)) ?? [], agreed_by: this.#agreements.of(kept.name).some((one) => one.version === kept.version) ? ['Meridian Freight'] : [] };
  }

  #drafted(draft: PolicyDraft): PolicyDraftView {
    const text = draft.form ? cedar(draft.form) : (draft.text ?? '');
    const complaints: PolicyProblem[] = [];
    if (!/^[a-z0-9-]{1,64}$/.test(draft.name)) complaints.push(problem("A policy's name is 1 to 64 small letters, digits and hyphens. Choose another."));
    if (draft.scope.scope === 'endpoint_class' && !/^[a-z0-9-]{1,64}$/.test(draft.scope.class)) complaints.push(problem('A class of endpoints is 1 to 64 small letters, digits and hyphens. Choose another.'));
    const lines = draft.form ? linesOf(draft.form) : [];
    draft.form?.rules.forEach((rule, at) => {
      const wrong = (said: string) => complaints.push({ ...problem(said), rule: rule.label || `rule ${at + 1}`, number: at + 1 });
      if (rule.label.trim() === '') wrong('Give the rule a name of 1 to 100 characters.');
      if (rule.then.then === 'ask' && (rule.then.needed < 1 || rule.then.needed > 16)) wrong('Ask 1 to 16 people.');
      if (rule.window?.days === 0) wrong('The times make no sense: choose at least one day, and times within the day.');
    });
    const read = draft.form ? { form: draft.form, exact: true, beyond: [], wrong: [] } : readText(text);
    return {
      text,
      rules: (read.form?.rules ?? []).map((rule, at) => ({ sentence: this.#sentence(rule), first_line: lines[at]?.[0] ?? 0, last_line: lines[at]?.[1] ?? 0 })),
      complaints: [...complaints, ...read.wrong],
      form: read.form,
      exact: read.exact,
      beyond: read.beyond,
    };
  }

  #covers(scope: PolicyScope): string {
    if (scope.scope === 'organisation') return 'The whole organisation';
    if (scope.scope === 'endpoint_class') return `Endpoints of class ${scope.class}`;
    for (const book of this.books()) {
      if (scope.scope === 'client' && book.endpoint.client === scope.client) return book.endpoint.client_name;
      if (scope.scope === 'endpoint' && book.endpoint.endpoint === scope.endpoint) return book.endpoint.hostname;
    }
    return scope.scope === 'client' ? scope.client : scope.endpoint;
  }

  #sentence(rule: PolicyRule): string {
    const names = new Map([['mem-1', 'John Doe'], ['mem-2', 'Ana Ruiz'], ['mem-3', 'Priya Raman']]);
    for (const { endpoint } of this.books()) names.set(endpoint.endpoint, endpoint.hostname).set(endpoint.client, endpoint.client_name);
    return sentence(rule, (id) => names.get(id) ?? id);
  }

  #compare(draft: PolicyDraft): DryRunView {
    const groups = new Map<string, DryRunGroup>();
    const run: DryRunView = { from_ms: this.now - 30 * DAY, to_ms: this.now, actions: 0, sessions: 0, endpoints: 0, unverified: this.query.has('unverified') ? 3 : 0, missing: 0, allowed: [0, 0], asked: [0, 0], forbidden: [0, 0], groups: [], as_of_ms: this.#offline() ? this.now - 754_000 : null };
    const rules = draft.form?.rules ?? readText(draft.text ?? '').form?.rules ?? [];
    const counts = { allow: run.allowed, ask: run.asked, forbid: run.forbidden };
    for (const book of this.books()) {
      let any = false;
      for (const item of book.items) {
        const row = item.session === null ? undefined : book.sessions.get(item.session);
        if (item.kind !== 'action.proposed' || !row || item.time_ms < run.from_ms) continue;
        any = true;
        run.actions += 1;
        const command = item.texts.find((text) => text.name === 'command')?.text ?? '';
        const cls = classOf(command);
        const before = decided([], cls, book.endpoint.endpoint, draft.scope);
        const after = decided(rules, cls, book.endpoint.endpoint, draft.scope);
        counts[before.kind][0] += 1;
        counts[after.kind][1] += 1;
        if (before.words === after.words) continue;
        const key = `${before.words} ${after.words}`;
        const weight = { allow: 0, ask: 1, forbid: 2 };
        const group = groups.get(key) ?? { before: view(before), after: view(after), direction: weight[after.kind] > weight[before.kind] ? 'stricter' : weight[after.kind] < weight[before.kind] ? 'looser' : 'other', count: 0, rows: [] };
        groups.set(key, group);
        group.count += 1;
        group.rows.unshift({ session: row.session, seq: item.seq, at_ms: item.time_ms, hostname: row.hostname, client_name: row.client_name, member_name: row.member_name, command: command.split('\n')[0] ?? '', class: cls, before_by: `default v1: ${before.rule}`, after_by: after.rule === before.rule ? `default v1: ${after.rule}` : `${draft.name} v${draft.after + 1}: ${after.rule}` });
      }
      run.endpoints += Number(any);
      run.sessions += any ? book.sessions.size : 0;
    }
    run.groups = [...groups.values()].sort((a, b) => b.count - a.count);
    return run;
  }
}

interface Decided extends OutcomeView {
  kind: 'allow' | 'ask' | 'forbid';
  rule: string;
}

const view = ({ kind, words }: Decided): OutcomeView => ({ kind, words });

/** The first rule that names the class, else the built-in one. */
function decided(rules: PolicyRule[], cls: string, endpoint: string, scope: PolicyScope): Decided {
  const here = scope.scope === 'organisation' || (scope.scope === 'endpoint' && scope.endpoint === endpoint) || scope.scope === 'client' || scope.scope === 'endpoint_class';
  const rule = here ? rules.find((one) => one.classes.length === 0 || one.classes.includes(cls)) : undefined;
  if (rule) {
    const { then } = rule;
    const whom = then.then === 'ask' ? `${then.needed === 1 ? 'a' : then.needed} ${then.approver}${then.needed === 1 ? '' : 's'}` : '';
    const words = then.then === 'ask' ? `Asks ${whom}${then.assurance === 'number' ? ', with the number' : ''}, within ${then.minutes === 60 ? 'an hour' : `${then.minutes} minutes`}` : then.then === 'allow' ? 'Runs without asking' : 'Forbidden';
    return { kind: then.then, words, rule: rule.label };
  }
  if (cls === 'read_only') return { kind: 'allow', words: 'Runs without asking', rule: 'Commands that only read run without asking' };
  return cls === 'changing' ? { kind: 'ask', words: 'Asks a contact, within an hour', rule: 'Commands that change something need the client’s contact' } : { kind: 'ask', words: 'Asks a contact, with the number, within an hour', rule: 'Commands that delete, or that cannot be bounded' };
}

function problem(said: string): PolicyProblem {
  return { line: null, column: null, rule: null, number: null, sentence: said };
}

function builtIn(): Kept {
  return { name: 'default', scope: { scope: 'organisation' }, version: 1, text: BUILT_IN, at: null, by: null };
}

function published(now: number): Kept[] {
  const kept = (name: string, scope: PolicyScope, version: number, text: string, days: number, by = 'Priya Raman'): Kept => ({ name, scope, version, text, at: now - days * DAY, by });
  const servers: PolicyRule = { ...emptyRule('Deleting on servers needs two contacts'), classes: ['destructive'], then: { then: 'ask', approver: 'contact', needed: 2, assurance: 'number', minutes: 60 } };
  const hours: PolicyRule = { ...emptyRule('In office hours, a technician’s change needs a contact'), classes: ['changing'], roles: ['technician'], window: { days: 0b0011111, from_minute: 480, to_minute: 1080, utc_offset_minutes: 60 } };
  const scripts: PolicyRule = { ...emptyRule('No scripts on the payroll database'), classes: ['opaque'], then: { then: 'forbid' } };
  const long: PolicyRule = { ...emptyRule('Whatever the label printers in the distribution centre’s third warehouse are told to do is looked at by somebody else first'), classes: ['changing', 'destructive', 'opaque'], members: ['mem-2', 'mem-3'], then: { then: 'ask', approver: 'member', needed: 1, assurance: 'signed', minutes: 240 } };
  return [
    kept('agents', { scope: 'organisation' }, 1, cedar({ rules: [{ ...emptyRule('Agents only look'), classes: ['changing', 'destructive', 'opaque'], by_agent: true, then: { then: 'forbid' } }] }), 61),
    kept('servers', { scope: 'endpoint_class', class: 'server' }, 1, cedar({ rules: [servers] }), 44),
    kept('servers', { scope: 'endpoint_class', class: 'server' }, 2, cedar({ rules: [servers, hours] }), 9, 'John Doe'),
    kept('payroll', { scope: 'endpoint', endpoint: 'ep-fin-db' }, 1, cedar({ rules: [scripts] }), 30),
    kept('northgate-distribution-centre-third-warehouse-label-printers-04', { scope: 'client', client: 'northgate-retail' }, 1, cedar({ rules: [long] }), 20),
    kept('meridian-freight-container-terminal-customs-clearance-workst', { scope: 'client', client: 'meridian-freight' }, 1, cedar({ rules: [{ ...long, label: 'Whatever the customs clearance workstations in the container terminal’s second gatehouse are told to do is looked at by somebody else first' }] }), 6),
    kept('shells', { scope: 'organisation' }, 1, '// Windows PowerShell 5.1 is on its way out.\n@label("No PowerShell 5.1")\nforbid (principal, action, resource)\nwhen {\n    context.interpreter == "powershell" &&\n    !resource.sensitive\n};\n', 12),
    kept('holidays', { scope: 'organisation' }, 1, cedar({ rules: [emptyRule('Ask during the holidays')] }), 330),
    kept('holidays', { scope: 'organisation' }, 2, '', 310),
  ];
}

function standing(now: number): StandingOf[] {
  const row = { name: 'after-hours-incident-response', endpoints: [], classes: ['changing'], channel: 'policy', days: 0b0011111, from_minute: 1080, to_minute: 360, utc_offset_minutes: 60, from_ms: now - 30 * DAY, until_ms: now + 60 * DAY, held_by: [] };
  return [
    { client: 'meridian-freight', client_name: 'Meridian Freight', signed_by: 'Maria Okafor', standing: row },
    { client: 'northgate-retail', client_name: 'Northgate Retail', signed_by: 'Tom Baker', standing: { ...row, name: 'till-rollout', classes: ['changing', 'destructive'], endpoints: ['ENDPOINT-RETAIL-07', 'ENDPOINT-RETAIL-12'], days: 127, from_minute: null, to_minute: null, until_ms: now - 3 * DAY } },
  ];
}
