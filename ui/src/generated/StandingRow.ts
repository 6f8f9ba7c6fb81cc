
export type StandingRow = { name: string, endpoints: Array<string>, classes: Array<string>, channel: string, days: number, from_minute: number | null, to_minute: number | null, utc_offset_minutes: number, from_ms: number, until_ms: number, };
