import type { ApprovalRow } from "./ApprovalRow";
import type { StateDifference } from "./StateDifference";
import type { TextView } from "./TextView";
import type { TimelineItem } from "./TimelineItem";

export type ApprovalDetail = { row: ApprovalRow, command: TextView | null, reason: TextView | null, cwd: TextView | null, probe: TextView | null, interpreter: string, current_state: TextView | null, proposed_action: string, class_sentence: string, remarks: Array<string>, policy: string, digest: string, recorded: boolean, entries: Array<TimelineItem>, difference: StateDifference | null, };
