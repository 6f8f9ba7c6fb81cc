/** What became of mail about a request, in words for whoever asked. Pure. */
import { ago } from '../../app/time';
import type { ApprovalRow } from '../../generated/ApprovalRow';
import type { MailRow } from '../../generated/MailRow';

export type MailTone = 'ok' | 'danger' | 'warn' | 'quiet';

export interface MailWords {
  tone: MailTone;
  label: string;
  text: string;
}

/** A mail server that says nothing for this long is worth a word. */
const SLOW = 5_000;

export function mailSays(mail: MailRow, now: number): MailWords {
  const since = Math.max(0, now - mail.at_ms);
  switch (mail.state) {
    case 'accepted':
      return { tone: 'ok', label: 'Sent', text: `The mail server took it ${ago(mail.at_ms, Math.max(now, mail.at_ms))}. Nobody can know whether it was read.` };
    case 'sending':
      if (since < SLOW) return { tone: 'quiet', label: 'Sending', text: 'On its way to the mail server.' };
      return { tone: 'warn', label: 'Sending', text: `The mail server has not answered for ${Math.floor(since / 1000)} s. It is given a minute and then tried again; call them if it is urgent.` };
    case 'waiting':
      if (mail.attempts === 0) return { tone: 'quiet', label: 'Sending', text: 'About to be sent.' };
      return { tone: 'warn', label: 'Not sent yet', text: `${mail.detail} Tried ${mail.attempts === 1 ? 'once' : `${mail.attempts} times`}; Remind tries at once.` };
    case 'refused':
    case 'gave_up':
      return { tone: 'danger', label: 'Not sent', text: mail.detail };
    default:
      return { tone: 'quiet', label: 'Not needed', text: mail.detail === '' ? 'The request ended before it was sent.' : mail.detail };
  }
}

/** What to say where mail would suffice and nobody gets any, or null. */
export function nobodyMailed(row: ApprovalRow): string | null {
  if (!row.by_mail || row.mails.length > 0) return null;
  return `A link in a mail would suffice, but nobody of ${row.client_name} is listed for mail. An administrator lists them in Organisation.`;
}

/** Whether the number has to be read out: a mail's page always asks for it. */
export function asksNumber(row: ApprovalRow): boolean {
  return row.needs_number || row.mails.length > 0;
}
