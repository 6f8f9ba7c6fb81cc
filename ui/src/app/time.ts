/** Times and sizes in words. UTC everywhere; the local time is what a pointer shows. */

const two = (value: number) => String(value).padStart(2, '0');

/** 22:14:03 */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
}

/** 2026-11-17 */
export function day(ms: number): string {
  const at = new Date(ms);
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
}

/** 2026-11-17 22:14 */
export function minute(ms: number): string {
  return `${day(ms)} ${clock(ms).slice(0, 5)}`;
}

/** Made when first needed: each costs more than drawing a page. */
let zones: [Intl.DateTimeFormat, Intl.DateTimeFormat] | undefined;

/** What a pointer shows over a UTC time: full UTC and this computer's own time. */
export function bothZones(ms: number): string {
  const at = new Date(ms);
  zones ??= [new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' }), new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' })];
  const local = zones[0].format(at);
  const zone = zones[1].formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? '';
  return `${at.toISOString().replace('T', ' ').replace('Z', '')} UTC\n${local} ${zone} on this computer`;
}

/** 4 ms, 0.4 s, 12 s, 3 min 20 s, 2 h 5 min */
export function duration(ms: number): string {
  if (ms < 0) return '0 ms';
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** just now, 4 s ago, 12 min ago */
export function ago(ms: number, now: number): string {
  const past = now - ms;
  if (past < 2000) return 'just now';
  if (past < 60_000) return `${Math.floor(past / 1000)} s ago`;
  if (past < 3_600_000) return `${Math.floor(past / 60_000)} min ago`;
  if (past < 48 * 3_600_000) return `${Math.floor(past / 3_600_000)} h ago`;
  return `${Math.floor(past / 86_400_000)} days ago`;
}

/** 1,204 */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** one entry, 12 entries */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** 850 MiB */
export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let size = value / 1024;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

/** The inverse of what a date field gives: start of that UTC day, or null. */
export function fromDateField(text: string): number | null {
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(at) ? null : at;
}
