import type { Segment } from "./Segment";

export type DifferenceLine = { kind: string, text: string, segments: Array<Segment> | null, count: number, };
