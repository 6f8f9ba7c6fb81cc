/** Forms, texts and sentences of policies for the in-memory host: what crates/policy writes, and enough of what it reads. */
import type { PolicyForm } from '../../generated/PolicyForm';
import type { PolicyProblem } from '../../generated/PolicyProblem';
import type { PolicyRule } from '../../generated/PolicyRule';
import { hours, zone } from '../../features/inbox/standing';
import { emptyRule } from '../../features/policies/form';

export const BUILT_IN = `@label("Commands that only read run without asking")
permit (principal, action == Action::"read_only", resource);

@label("Where a client has no contacts, roles decide")
permit (principal, action, resource)
when { !context.clientHasContacts };

@label("Commands that change something need the client's contact")
@require("contact")
permit (principal, action in [Action::"changing"], resource)
when { context.clientHasContacts };

@label("Commands that delete, or that cannot be bounded, need the client's contact and the number")
@require("contact")
@assurance("number")
permit (principal, action in [Action::"destructive", Action::"opaque"], resource)
when { context.clientHasContacts };
`;

const ask = (assurance: string): PolicyRule['then'] => ({ then: 'ask', approver: 'contact', needed: 1, assurance, minutes: 60 });
const BUILT_IN_FORM: PolicyForm = {
  rules: [
    { ...emptyRule('Commands that only read run without asking'), classes: ['read_only'], then: { then: 'allow' } },
    { ...emptyRule('Where a client has no contacts, roles decide'), client_has_contacts: false, then: { then: 'allow' } },
    { ...emptyRule("Commands that change something need the client's contact"), classes: ['changing'], client_has_contacts: true, then: ask('signed') },
    { ...emptyRule("Commands that delete, or that cannot be bounded, need the client's contact and the number"), classes: ['destructive', 'opaque'], client_has_contacts: true, then: ask('number') },
  ],
};

/** Every text that was written from a form, with that form. */
const WRITTEN = new Map<string, PolicyForm>([['', { rules: [] }]]);

export function cedar(form: PolicyForm): string {
  const text = form.rules.map(one).join('\n');
  WRITTEN.set(text, structuredClone(form));
  return text;
}

export function linesOf(form: PolicyForm): [number, number][] {
  let next = 1;
  return form.rules.map((rule) => {
    const count = one(rule).trimEnd().split('\n').length;
    const place: [number, number] = [next, next + count - 1];
    next += count + 1;
    return place;
  });
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const two = (value: number) => String(value).padStart(2, '0');
const clock = (minute: number) => `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;

function one(rule: PolicyRule): string {
  const quoted = (text: string) => JSON.stringify(text);
  const list = (kind: string, ids: string[]) => ids.map((id) => `${kind}::${quoted(id)}`).join(', ');
  let text = `@label(${quoted(rule.label.trim())})\n`;
  const { window, then } = rule;
  if (window) {
    const days = DAYS.filter((_, bit) => (window.days & (1 << bit)) !== 0).join(' ');
    const ahead = Math.abs(window.utc_offset_minutes);
    text += `@hours("${days} ${clock(window.from_minute)}-${clock(window.to_minute)} UTC${window.utc_offset_minutes < 0 ? '-' : '+'}${clock(ahead)}")\n`;
  }
  if (then.then === 'ask') text += `@require("${then.approver}")\n@count("${then.needed}")\n@assurance("${then.assurance}")\n@expires("${then.minutes}")\n`;
  const who = rule.by_agent === null ? 'principal' : rule.by_agent ? 'principal is Agent' : 'principal is Member';
  text += `${then.then === 'forbid' ? 'forbid' : 'permit'} (${who}, ${rule.classes.length === 0 ? 'action' : `action in [${list('Action', rule.classes)}]`}, resource)`;
  const flag = (name: string, wanted: boolean | null) => (wanted === null ? [] : [wanted ? name : `!${name}`]);
  const conditions = [
    ...(rule.roles.length > 0 ? [`principal in [${list('Role', rule.roles)}]`] : []),
    ...(rule.members.length > 0 ? [`(principal in [${list('Member', rule.members)}] || principal in [${list('Agent', rule.members)}])`] : []),
    ...(rule.clients.length > 0 ? [`resource in [${list('Client', rule.clients)}]`] : []),
    ...(rule.endpoints.length > 0 ? [`resource in [${list('Endpoint', rule.endpoints)}]`] : []),
    ...(rule.endpoint_classes.length > 0 ? [`resource in [${list('EndpointClass', rule.endpoint_classes)}]`] : []),
    ...flag('resource.attended', rule.attended),
    ...flag('resource.sensitive', rule.sensitive),
    ...flag('context.elevated', rule.elevated),
    ...flag('context.clientHasContacts', rule.client_has_contacts),
    ...(window ? ['(context.utcMinuteOfWeek >= 420 && context.utcMinuteOfWeek < 1020)'] : []),
  ];
  if (conditions.length > 0) text += `\nwhen {\n    ${conditions.join(' &&\n    ')}\n}`;
  return `${text};\n`;
}

export interface Read {
  form: PolicyForm | null;
  exact: boolean;
  beyond: PolicyProblem[];
  wrong: PolicyProblem[];
}

/** Knows what it wrote itself; of other texts whether they are closed and whether they look at something that no form does. */
export function readText(text: string): Read {
  if (text === BUILT_IN) return { form: structuredClone(BUILT_IN_FORM), exact: false, beyond: [], wrong: [] };
  const known = WRITTEN.get(text);
  if (known) return { form: structuredClone(known), exact: true, beyond: [], wrong: [] };
  const lines = text.split('\n');
  const wrong = lines.flatMap((line, at): PolicyProblem[] => {
    const column = line.search(/elevatd|permitt|action resource/);
    return column < 0 ? [] : [{ line: at + 1, column: column + 1, rule: null, number: null, sentence: 'This cannot be read: unexpected token. Correct it and check again.' }];
  });
  if (wrong.length > 0) return { form: null, exact: false, beyond: [], wrong };
  const plain = WRITTEN.get(lines.filter((line) => !line.startsWith('//')).join('\n'));
  if (plain) return { form: structuredClone(plain), exact: false, beyond: [], wrong: [] };
  const line = Math.max(0, lines.findIndex((one) => one.startsWith('@label')));
  const rule = /@label\("(.*)"\)/.exec(lines[line] ?? '')?.[1] ?? 'rule 1';
  return { form: null, exact: false, beyond: [{ line: line + 1, column: 1, rule, number: 1, sentence: 'It looks at the interpreter (context.interpreter), for which the form has no field.' }], wrong: [] };
}

export function classOf(command: string): string {
  if (/curl|base64|-enc|\.sh\b|Invoke-Expression/i.test(command)) return 'opaque';
  if (/\brm\b|Remove-|\bdel\b|truncate|drop /i.test(command)) return 'destructive';
  return /set rule|restart|systemctl (?:re|st[ao])|Set-|New-|Stop-|enable|apt|nft|kill|mv |reload/i.test(command) ? 'changing' : 'read_only';
}

/** As the Rust side says it. */
export function sentence(rule: PolicyRule, name: (id: string) => string): string {
  const either = (all: string[]) => (all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`);
  const verbs: Record<string, string> = { read_only: 'only looks', changing: 'changes something', destructive: 'deletes or overwrites something', opaque: 'runs what cannot be bounded' };
  const roles = rule.roles.map((role) => `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${role}`);
  const people = rule.members.map(name);
  const whom = people.length > 0 && roles.length > 0 ? `${either(people)}, as ${either(roles)},` : either(people) || either(roles) || 'anybody';
  const who = rule.by_agent === null ? whom : rule.by_agent ? `an agent that works for ${whom}` : `${whom} in person`;
  const what = rule.classes.length === 0 ? 'runs anything' : either(rule.classes.map((one) => verbs[one] ?? one));
  const part = (before: string, names: string[]) => (names.length > 0 ? ` ${before} ${either(names)}` : '');
  const flag = (wanted: boolean | null, yes: string, no: string) => (wanted === null ? '' : wanted ? yes : no);
  const where = part('on', rule.endpoints.map(name)) + part('on endpoints of class', rule.endpoint_classes) + part('at', rule.clients.map(name)) + flag(rule.sensitive, ' on a sensitive machine', ' on a machine that is not sensitive') + flag(rule.attended, ' where somebody sits', ' where nobody sits') + flag(rule.elevated, ' with an administrator’s rights', ' without an administrator’s rights') + flag(rule.client_has_contacts, ' where the client has contacts', ' where the client has no contact');
  const when = rule.window ? `, ${hours(rule.window).replace(', UTC', ` (UTC`).replace(/\(UTC.*/, `(${zone(rule.window.utc_offset_minutes)})`)}` : '';
  const { then } = rule;
  const span = (minutes: number) => (minutes === 60 ? 'an hour' : minutes === 1440 ? 'a day' : minutes % 60 === 0 ? `${minutes / 60} hours` : `${minutes} minutes`);
  const outcome = then.then === 'allow' ? 'it runs without asking' : then.then === 'forbid' ? 'it is forbidden' : `${then.approver === 'contact' ? (then.needed === 1 ? 'a contact of the client has to say yes' : `${then.needed} contacts of the client have to say yes`) : then.approver === 'owner' ? (then.needed === 1 ? 'another owner has to say yes' : `${then.needed} other owners have to say yes`) : then.needed === 1 ? 'another owner or administrator has to say yes' : `${then.needed} other owners or administrators have to say yes`}${then.assurance === 'number' ? ' on their console with the number' : then.assurance === 'link' ? ', by e-mail at least' : ' on their console'} within ${span(then.minutes)}`;
  return `When ${who} ${what}${where}${when}, ${outcome}.`;
}
