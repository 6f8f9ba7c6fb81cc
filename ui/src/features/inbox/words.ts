/** Approval requests in a few words. Pure. */
import type { ApprovalRow } from '../../generated/ApprovalRow';

/** Whether it has not come to its end. */
export function isOpen(row: ApprovalRow): boolean {
  return row.state === 'pending' || row.state === 'delivered' || row.state === 'acknowledged';
}

/** Whether this person still has to answer it. */
export function waits(row: ApprovalRow): boolean {
  return row.for_me && isOpen(row) && row.answer === null;
}

export type Tone = 'ok' | 'danger' | 'warn' | 'run' | 'quiet';

/** Where it stands, as a label and how loud it is. */
export function standing(row: ApprovalRow, now: number): { label: string; tone: Tone } {
  if (row.fault !== null) return { label: 'Does not hold', tone: 'danger' };
  if (row.review_for_me) return { label: 'Review it', tone: 'danger' };
  if (row.review_due) return { label: 'Not reviewed', tone: 'warn' };
  if (row.emergency) return { label: 'Reviewed', tone: 'quiet' };
  switch (row.state) {
    case 'approved':
      return { label: 'Approved', tone: 'ok' };
    case 'denied':
      return { label: 'Denied', tone: 'danger' };
    case 'expired':
      return { label: 'Expired', tone: 'quiet' };
    case 'withdrawn':
      return { label: 'Withdrawn', tone: 'quiet' };
  }
  if (row.answer !== null && !row.answer_sent) return { label: 'Answer not sent yet', tone: 'warn' };
  if (row.answer !== null) return { label: row.answer === 'approved' ? `You approved, ${row.approved_by.length} of ${row.needed}` : 'You denied', tone: 'ok' };
  if (now >= row.expires_at_ms) return { label: 'Time is up', tone: 'quiet' };
  return { label: row.for_me ? 'Waits for you' : row.mine ? 'Waiting' : 'Open', tone: 'run' };
}

/** What a class means for whoever has to decide. */
export const CLASSES: Record<string, { label: string; tone: Tone }> = {
  read_only: { label: 'Only reads', tone: 'ok' },
  changing: { label: 'Changes something', tone: 'run' },
  destructive: { label: 'Deletes or overwrites', tone: 'danger' },
  opaque: { label: 'Cannot be bounded', tone: 'warn' },
};

/** Who it has reached, and who has it open: "Maria Novak has it open", "It is on a contact’s console", … */
export function reached(row: ApprovalRow): string {
  const list = (names: string[]): string => (names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1] ?? ''}`);
  if (row.seen.length > 0) return `${capital(list(row.seen))} ${row.seen.length === 1 ? 'has' : 'have'} it open.`;
  // A mail server took it; whether anybody looked, nobody knows.
  const mailed = row.mails.filter((mail) => mail.state === 'accepted').map((mail) => mail.name);
  const consoles = Math.max(row.delivered.length - mailed.length, 0);
  if (mailed.length > 0) return `It was mailed to ${list(mailed)}${consoles === 0 ? '' : `, and is on ${consoles === 1 ? 'one console' : `${consoles} consoles`}`}; nobody has answered yet.`;
  if (row.delivered.length > 0) return `It is on the console of ${list(row.delivered)}; nobody has opened it yet.`;
  return row.approver === 'contact' ? `It has not reached anybody at ${row.client_name} yet.` : 'It has not reached anybody yet.';
}

/** 14:59 until it lapses; minutes are enough beyond an hour. */
export function countdown(ms: number): string {
  if (ms <= 0) return '0:00';
  const seconds = Math.ceil(ms / 1000);
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** 471 100: read out in two groups. */
export function spoken(number: string): string {
  const half = Math.ceil(number.length / 2);
  return number.length < 5 ? number : `${number.slice(0, half)} ${number.slice(half)}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
