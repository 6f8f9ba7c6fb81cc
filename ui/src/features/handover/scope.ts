/** Which endpoints and which days a question is about. */
import { day } from '../../app/time';
import type { Overview } from '../../generated/Overview';
import type { RecordOf } from '../../generated/RecordOf';

export interface Scope {
  client: string | null;
  endpoint: string | null;
  from_ms: number | null;
  to_ms: number | null;
}

const DAY = 86_400_000;

/** The last thirty days and today, everywhere. */
export function lastMonth(now: number): Scope {
  const today = Math.floor(now / DAY) * DAY;
  return { client: null, endpoint: null, from_ms: today - 30 * DAY, to_ms: today + DAY };
}

/** Why this is no period yet, or null. */
export function scopeFault(scope: Scope): string | null {
  if (scope.from_ms === null || scope.to_ms === null) return 'Give the first and the last day (UTC).';
  return scope.from_ms < scope.to_ms ? null : 'The first day is after the last.';
}

export function recordOf(scope: Scope, overview: Overview | null): RecordOf {
  const rows = overview?.endpoints ?? [];
  const endpoints = scope.endpoint !== null ? [scope.endpoint] : scope.client === null ? [] : rows.filter((row) => row.client === scope.client).map((row) => row.endpoint);
  return { of: 'period', endpoints, from_ms: scope.from_ms ?? 0, to_ms: scope.to_ms ?? 0 };
}

/** What it is of, in words. */
export function scopeWords(scope: Scope, overview: Overview | null): string {
  const rows = overview?.endpoints ?? [];
  const where = scope.endpoint !== null ? (rows.find((row) => row.endpoint === scope.endpoint)?.hostname ?? scope.endpoint) : scope.client !== null ? `all endpoints of ${rows.find((row) => row.client === scope.client)?.client_name ?? scope.client}` : 'all endpoints';
  const when = scope.from_ms === null || scope.to_ms === null ? '' : `, ${day(scope.from_ms)} to ${day(scope.to_ms - DAY)} (UTC)`;
  return where + when;
}
