import type { DifferenceLine } from "./DifferenceLine";

export type StateDifference = { before_seq: number, after_seq: number, certain: boolean, too_long: boolean, removed: number, added: number, lines: Array<DifferenceLine>, };
