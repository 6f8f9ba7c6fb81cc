/** What a share link is to be. */
import type { NewShare } from '../../generated/NewShare';
import type { ReviewState } from '../../generated/ReviewState';

export interface LinkWanted {
  label: string;
  days: number;
  passphrase: string;
  /** Handed out although nobody attested it. */
  unreviewed: boolean;
}

const DAY = 86_400_000;

export function shareOf(wanted: LinkWanted, now: number): NewShare {
  return { label: wanted.label.trim(), expires_at_ms: now + wanted.days * DAY, passphrase: wanted.passphrase === '' ? null : wanted.passphrase, unreviewed: wanted.unreviewed };
}

/** Why no link can be made yet, or null. */
export function linkFault(wanted: LinkWanted, state: ReviewState, offline: string | null): string | null {
  if (offline !== null) return offline;
  if (state === 'refused') return 'A reviewer refused this record, so it cannot be shared by a link.';
  if (state === 'draft' && !wanted.unreviewed) return 'Nobody has attested this record. Have it reviewed first, or confirm that it goes out unreviewed.';
  if (wanted.label.trim() === '') return 'Give it a name that your colleagues will know it by.';
  if (wanted.passphrase !== '' && [...wanted.passphrase].length < 8) return 'A passphrase has at least 8 characters.';
  return null;
}
