/** What the filters offer, taken from what this console knows. The first option always means "any". */
import type { Overview } from '../../generated/Overview';

export interface Option {
  value: string;
  label: string;
}

export function clientsOf(overview: Overview | null): Option[] {
  return choices('Any client', (overview?.endpoints ?? []).map((row) => [row.client, row.client_name]));
}

export function endpointsOf(overview: Overview | null, client: string | null): Option[] {
  const rows = (overview?.endpoints ?? []).filter((row) => client === null || row.client === client);
  return choices('Any endpoint', rows.map((row) => [row.endpoint, row.hostname]));
}

export function membersOf(overview: Overview | null): Option[] {
  return choices('Any technician', (overview?.sessions ?? []).map((row) => [row.member, row.member_name]));
}

/** Kinds worth choosing by, in words. */
export const KINDS: Option[] = [
  { value: '', label: 'Everything' },
  { value: 'action.proposed', label: 'Commands' },
  { value: 'command.output', label: 'Outputs' },
  { value: 'state.captured', label: 'States before and after' },
  { value: 'chat.message', label: 'Chat' },
  { value: 'note.added', label: 'Notes' },
  { value: 'session.opened', label: 'Purposes of sessions' },
  { value: 'approval.requested,approval.decided', label: 'Approvals' },
  { value: 'recorder.gap', label: 'Recorder gaps' },
];

function choices(any: string, pairs: [string, string][]): Option[] {
  const found = [...new Map(pairs)].map(([value, label]) => ({ value, label })).sort((a, b) => a.label.localeCompare(b.label));
  return [{ value: '', label: any }, ...found];
}
