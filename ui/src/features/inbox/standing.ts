/** What is allowed beforehand, in words and from fields. Pure. */
import type { StandingRow } from '../../generated/StandingRow';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
export const DAY_NAMES: readonly string[] = DAYS;

const two = (value: number): string => String(value).padStart(2, '0');

/** 22:00 */
export function time(minute: number): string {
  return `${two(Math.floor(minute / 60) % 24)}:${two(minute % 60)}`;
}

/** UTC+1, UTC−3:30 */
export function zone(offset: number): string {
  if (offset === 0) return 'UTC';
  const size = Math.abs(offset);
  return `UTC${offset < 0 ? '−' : '+'}${Math.floor(size / 60)}${size % 60 === 0 ? '' : `:${two(size % 60)}`}`;
}

/** "Mon to Fri from 18:00 to 06:00, UTC+1", "at any time" */
export function hours(row: Pick<StandingRow, 'days' | 'from_minute' | 'to_minute' | 'utc_offset_minutes'>): string {
  if (row.from_minute === null || row.to_minute === null) return 'at any time';
  return `${days(row.days)} from ${time(row.from_minute)} to ${time(row.to_minute)}, ${zone(row.utc_offset_minutes)}`;
}

function days(bits: number): string {
  const on = DAYS.map((_, at) => (bits & (1 << at)) !== 0);
  if (on.every(Boolean)) return 'every day';
  const first = on.indexOf(true);
  const last = on.lastIndexOf(true);
  const unbroken = on.slice(first, last + 1).every(Boolean);
  if (unbroken && last - first > 1) return `${DAYS[first]} to ${DAYS[last]}`;
  return DAYS.filter((_, at) => on[at]).join(', ');
}

/** Minutes of a time field, or null when it is empty. */
export function minutes(field: string): number | null {
  const found = /^(\d{1,2}):(\d{2})$/.exec(field);
  return found ? Number(found[1]) * 60 + Number(found[2]) : null;
}

/** A name that the record takes: small letters, digits and hyphens. */
export function nameOf(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 64);
}
