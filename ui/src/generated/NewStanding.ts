
export type NewStanding = { name: string, endpoints: Array<string>, classes: Array<string>, channel: string, days: number | null, from_minute: number, to_minute: number, utc_offset_minutes: number, until_ms: number, };
