
export type OutcomeNotice = { action: string, session: string, title: string, text: string, };
