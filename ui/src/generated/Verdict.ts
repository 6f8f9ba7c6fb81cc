
export type Verdict = { approve: boolean, number: string | null, reason: string, };
