
export type SpeakerRow = { device: string, name: string, label: string, fingerprint: string, this_console: boolean, };
