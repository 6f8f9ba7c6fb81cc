import type { ApprovalRow } from "./ApprovalRow";

export type InboxView = { rows: Array<ApprovalRow>, waiting: number, };
