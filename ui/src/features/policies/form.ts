/** Rules as people fill them in: where to begin, what the fields offer, what changed. Pure. */
import type { PoliciesView } from '../../generated/PoliciesView';
import type { PolicyDetail } from '../../generated/PolicyDetail';
import type { PolicyDraft } from '../../generated/PolicyDraft';
import type { PolicyRow } from '../../generated/PolicyRow';
import type { PolicyRule } from '../../generated/PolicyRule';
import type { PolicyScope } from '../../generated/PolicyScope';
import type { PolicyThen } from '../../generated/PolicyThen';

export interface Option {
  value: string;
  label: string;
}

export const CLASSES: Option[] = [
  { value: 'read_only', label: 'Only look' },
  { value: 'changing', label: 'Change something' },
  { value: 'destructive', label: 'Delete or overwrite' },
  { value: 'opaque', label: 'Run what cannot be bounded' },
];

export const ROLES: Option[] = ['owner', 'admin', 'technician', 'dispatcher', 'auditor'].map((value) => ({ value, label: `${value.charAt(0).toUpperCase()}${value.slice(1)}` }));

export const ASK: Extract<PolicyThen, { then: 'ask' }> = { then: 'ask', approver: 'contact', needed: 1, assurance: 'signed', minutes: 60 };

export const MINUTES: Option[] = [
  { value: '15', label: '15 minutes' },
  { value: '30', label: '30 minutes' },
  { value: '60', label: 'an hour' },
  { value: '240', label: '4 hours' },
  { value: '1440', label: 'a day' },
];

export function emptyRule(label = ''): PolicyRule {
  return { label, classes: [], roles: [], members: [], by_agent: null, clients: [], endpoints: [], endpoint_classes: [], attended: null, sensitive: null, elevated: null, client_has_contacts: null, window: null, then: { ...ASK } };
}

/** Rules that people often want, to begin with. */
export const STARTERS: { title: string; text: string; rule: PolicyRule }[] = [
  { title: 'Ask the contact before anything changes', text: 'Looking stays free.', rule: { ...emptyRule('Changes need the client’s contact'), classes: ['changing', 'destructive', 'opaque'] } },
  { title: 'Two people for what deletes', text: 'Both type the number that the technician reads out.', rule: { ...emptyRule('Deleting needs two contacts'), classes: ['destructive'], then: { ...ASK, needed: 2, assurance: 'number' } } },
  { title: 'No scripts on sensitive machines', text: 'What cannot be bounded from its text does not run there.', rule: { ...emptyRule('No scripts on sensitive machines'), classes: ['opaque'], sensitive: true, then: { then: 'forbid' } } },
  { title: 'Agents only look', text: 'An agent’s commands that change anything do not run.', rule: { ...emptyRule('Agents only look'), classes: ['changing', 'destructive', 'opaque'], by_agent: true, then: { then: 'forbid' } } },
];

/** Office hours by this computer's clock. */
export function officeHours(): NonNullable<PolicyRule['window']> {
  return { days: 0b0011111, from_minute: 8 * 60, to_minute: 18 * 60, utc_offset_minutes: -new Date().getTimezoneOffset() };
}

/** Whatever a `then` was before, an ask with its usual terms, or one that keeps what was filled in. */
export function thenOf(kind: PolicyThen['then'], before: PolicyThen): PolicyThen {
  if (kind === 'ask') return before.then === 'ask' ? before : { ...ASK };
  return { then: kind };
}

/** As a form where that loses nothing: the built-in policy's layout is nobody's. */
export function draftFor(base: PolicyDetail): PolicyDraft {
  const newest = base.versions[0];
  const form = newest && (newest.exact || newest.published_by === null) ? newest.form : null;
  return { name: base.row.name, after: base.row.version, scope: base.row.scope, form, text: form === null ? (newest?.text ?? '') : null };
}

export function newDraft(rule: PolicyRule): PolicyDraft {
  return { name: '', after: 0, scope: { scope: 'organisation' }, form: { rules: [rule] }, text: null };
}

/** The scope's one word in a field: kind and identifier. */
export function scopeKey(scope: PolicyScope): string {
  switch (scope.scope) {
    case 'client':
      return `client:${scope.client}`;
    case 'endpoint':
      return `endpoint:${scope.endpoint}`;
    case 'endpoint_class':
      return `class:${scope.class}`;
    default:
      return 'organisation';
  }
}

export function scopeOf(key: string): PolicyScope {
  const at = key.indexOf(':');
  const id = key.slice(at + 1);
  switch (at < 0 ? key : key.slice(0, at)) {
    case 'client':
      return { scope: 'client', client: id };
    case 'endpoint':
      return { scope: 'endpoint', endpoint: id };
    case 'class':
      return { scope: 'endpoint_class', class: id };
    default:
      return { scope: 'organisation' };
  }
}

const GROUPS: [PolicyScope['scope'], string][] = [
  ['organisation', 'The whole organisation'],
  ['client', 'One client'],
  ['endpoint_class', 'A class of endpoints'],
  ['endpoint', 'One endpoint'],
];

/** Policies by how much they cover, widest first. */
export function groups(view: PoliciesView): [string, PolicyRow[]][] {
  return GROUPS.map(([kind, title]): [string, PolicyRow[]] => [title, view.rows.filter((row) => row.scope.scope === kind)]).filter(([, rows]) => rows.length > 0);
}

/** Rules, in words, that came and went. */
export function changed(before: string[], after: string[]): { added: string[]; removed: string[] } {
  return { added: without(after, before), removed: without(before, after) };
}

function without(all: string[], gone: string[]): string[] {
  const left = [...gone];
  return all.filter((one) => {
    const at = left.indexOf(one);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
