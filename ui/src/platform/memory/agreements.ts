/**
 * What clients agreed to, in memory. `?agree=raced` publishes a newer version of whatever is agreed to first, `?agree=replaced` shows another
 * text than the one that was agreed to, `?agree=hidden` has a text that would be drawn in another order, `?agree=none` has no agreement yet.
 */
import { changed } from '../../features/policies/form';
import type { AgreementOf } from '../../generated/AgreementOf';
import type { AgreementRow } from '../../generated/AgreementRow';
import type { ClientPolicy } from '../../generated/ClientPolicy';
import type { DifferenceLine } from '../../generated/DifferenceLine';
import type { PolicyChange } from '../../generated/PolicyChange';
import type { PolicyRow } from '../../generated/PolicyRow';
import type { PolicyVersion } from '../../generated/PolicyVersion';
import { segmentsIfNeeded } from './visible';

const DAY = 86_400_000;
const MERIDIAN = 'Meridian Freight';

interface Signed extends AgreementRow {
  policy: string;
}

export class MemoryAgreements {
  readonly #signed: Signed[];

  constructor(
    readonly query: URLSearchParams,
    now: number,
  ) {
    const one = (policy: string, version: number, days: number, by = 'Maria Okafor', key_counts = true): Signed => ({ policy, version, by, mine: by === 'Maria Okafor' && query.get('role') === 'contact', at_ms: now - days * DAY, key_counts });
    this.#signed = query.get('agree') === 'none' ? [] : [one('agents', 1, 58), one('servers', 1, 40), one('servers', 1, 39, 'Tom Baker', false), one('holidays', 1, 320, 'Tom Baker', false)];
  }

  sign(policy: string, version: number): void {
    this.#signed.push({ policy, version, by: 'Maria Okafor', mine: true, at_ms: Date.now(), key_counts: true });
  }

  of(policy: string): AgreementRow[] {
    const own = this.#signed.filter((one) => one.policy === policy);
    return own.map(({ policy: _, ...row }) => row).sort((a, b) => b.version - a.version);
  }

  /** As the organisation sees it. */
  clients(row: PolicyRow): AgreementOf[] {
    if (row.scope.scope === 'client' && row.scope.client !== 'meridian-freight') return [this.#stands(row, 'northgate-retail', 'Northgate Retail', [])];
    const meridian = this.#stands(row, 'meridian-freight', MERIDIAN, this.of(row.name));
    const others: [string, string][] = [
      ['lakeside-dental', 'Lakeside Dental Group of Northern and Western Counties, Sedation and Orthodontics Practices'],
      ['northgate-retail', 'Northgate Retail'],
    ];
    const more = row.scope.scope === 'organisation' ? others.map(([client, name]) => this.#stands(row, client, name, [])) : [];
    const order = ['older', 'none', 'hidden', 'agreed'];
    return [meridian, ...more].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.client_name.localeCompare(b.client_name));
  }

  #stands(row: PolicyRow, client: string, client_name: string, signed: AgreementRow[]): AgreementOf {
    const last = signed[0] ?? null;
    const state = row.name === 'shells' && client === 'lakeside-dental' ? 'hidden' : last === null ? 'none' : last.version === row.version ? 'agreed' : 'older';
    return { client, client_name, state, last, fault: null };
  }

  /** As the client's contact sees it. */
  seen(row: PolicyRow, versions: PolicyVersion[]): ClientPolicy | null {
    let newest = versions[0];
    if (!newest) return null;
    if (this.query.get('agree') === 'hidden' && row.by_hand) newest = { ...newest, text: newest.text.replace('its way out.', 'its \u202eyaw\u202c out.') };
    const replaced = this.query.get('agree') === 'replaced' && row.name === 'agents';
    const agreements = replaced ? [] : this.of(row.name);
    const last = agreements[0];
    if (!row.in_force && last === undefined) return null;
    const state = !row.in_force ? 'over' : last === undefined ? 'none' : last.version === row.version ? 'agreed' : 'older';
    const before = state === 'older' ? versions.find((one) => one.version === last?.version) : undefined;
    return {
      row,
      newest,
      segments: segmentsIfNeeded(newest.text),
      state,
      agreements,
      change: before ? change(before, newest) : null,
      fault: replaced ? 'The text that is shown as version 1 is not the one that was agreed to as version 1. Versions are never changed, so one of them is false. Nothing can be agreed to here until this is explained.' : null,
    };
  }
}

/** Good enough for texts that only grew or shrank in one place. */
function change(before: PolicyVersion, after: PolicyVersion): PolicyChange {
  const [old, now] = [before.text.trimEnd().split('\n'), after.text.trimEnd().split('\n')];
  let head = 0;
  while (head < Math.min(old.length, now.length) && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(old.length, now.length) - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const line = (kind: string) => (text: string): DifferenceLine => ({ kind, text, segments: segmentsIfNeeded(text), count: 1 });
  const lines = [...old.slice(0, head).map(line('unchanged')), ...old.slice(head, old.length - tail).map(line('removed')), ...now.slice(head, now.length - tail).map(line('added')), ...now.slice(now.length - tail).map(line('unchanged'))];
  return { since: before.version, in_words: before.form !== null && after.form !== null, ...changed(before.sentences, after.sentences), too_long: false, lines };
}
