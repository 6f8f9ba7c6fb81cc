import type { SpeakerRow } from "./SpeakerRow";
import type { StandingRow } from "./StandingRow";

export type SpeakersView = { client: string, client_name: string, this_console: boolean, keys: Array<SpeakerRow>, waiting: Array<SpeakerRow>, standing: Array<StandingRow>, fault: string | null, };
