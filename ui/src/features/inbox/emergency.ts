/** What the record says about an action that ran under break-glass. Pure. */
import type { ApprovalDetail } from '../../generated/ApprovalDetail';
import type { TimelineItem } from '../../generated/TimelineItem';

const ENDS = new Set(['command.finished', 'action.refused', 'action.unknown']);

/** The entry in which its requester says what the emergency was. */
export function declared(detail: ApprovalDetail): TimelineItem | undefined {
  return detail.entries.find((item) => item.kind === 'action.break_glass');
}

/** The entry in which somebody says what they found. */
export function review(detail: ApprovalDetail): TimelineItem | undefined {
  return detail.entries.find((item) => item.kind === 'action.reviewed');
}

/** Why it cannot be reviewed now, or null: nobody can judge what they cannot read. */
export function cannotReview(detail: ApprovalDetail): string | null {
  if (detail.entries.some((item) => item.verification === 'broken')) return 'The record of this action does not hold on this computer. Find out why before anything is said about it.';
  if (!detail.entries.some((item) => ENDS.has(item.kind))) return 'It still runs, or the record of its end has not arrived on this computer. It can be reviewed once it has.';
  if (detail.entries.some((item) => item.verification !== 'verified')) return 'The record of this action is still being checked on this computer.';
  return null;
}
