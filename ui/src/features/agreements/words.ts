/** How a contact's policies are called and ordered. Pure. */
import type { ClientPoliciesView } from '../../generated/ClientPoliciesView';
import type { ClientPolicy } from '../../generated/ClientPolicy';

export type Tone = 'ok' | 'warn' | 'danger' | 'plain';

/** The client by name. */
export function client(view: ClientPoliciesView): string {
  return view.client_name === '' ? 'your company' : view.client_name;
}

export function needsAgreement(policy: ClientPolicy): boolean {
  return policy.fault === null && (policy.state === 'none' || policy.state === 'older');
}

/** Where a policy stands, in a few words. */
export function stands(policy: ClientPolicy): { words: string; tone: Tone } {
  const last = policy.agreements[0];
  if (policy.fault !== null) return { words: 'Not to be relied on', tone: 'danger' };
  switch (policy.state) {
    case 'agreed':
      return { words: `Agreed to version ${policy.row.version}`, tone: 'ok' };
    case 'older':
      return { words: `Changed since version ${last?.version ?? 0}`, tone: 'warn' };
    case 'over':
      return { words: 'Out of force', tone: 'plain' };
    default:
      return { words: 'Not agreed to yet', tone: 'warn' };
  }
}

/** What there is to do first. */
export function grouped(rows: ClientPolicy[]): [string, ClientPolicy[]][] {
  const groups: [string, ClientPolicy[]][] = [
    ['Not to be relied on', rows.filter((one) => one.fault !== null)],
    ['Needs your agreement', rows.filter(needsAgreement)],
    ['Agreed', rows.filter((one) => one.fault === null && one.state === 'agreed')],
    ['Out of force', rows.filter((one) => one.fault === null && one.state === 'over')],
  ];
  return groups.filter(([, of]) => of.length > 0);
}

/** Whoever signed it, as the reader calls them. */
export function signer(by: string, mine: boolean): string {
  return mine ? 'You' : by === '' ? 'Another contact' : by;
}
