
export type PromptNotice = { action: string, text: string, title: string, can_approve: boolean, expires_at_ms: number, };
