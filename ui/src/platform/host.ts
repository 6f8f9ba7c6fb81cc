/**
 * What the page needs from the program around it. Two hosts exist: the desktop (`tauri.ts`) and one in memory (`memory/`).
 * A host promises: every method rejects with a `Failure` and nothing else; events arrive in order; after `subscribe` has
 * resolved no event is missed, so the page subscribes first and then asks for the present state.
 */
import type { ApprovalDetail } from '../generated/ApprovalDetail';
import type { ApprovalRow } from '../generated/ApprovalRow';
import type { InboxView } from '../generated/InboxView';
import type { MailContactRow } from '../generated/MailContactRow';
import type { MailContactsView } from '../generated/MailContactsView';
import type { NewFloor } from '../generated/NewFloor';
import type { NewStanding } from '../generated/NewStanding';
import type { SpeakersView } from '../generated/SpeakersView';
import type { StateDifference } from '../generated/StateDifference';
import type { Verdict } from '../generated/Verdict';
import type { ClientRow } from '../generated/ClientRow';
import type { CommandMark } from '../generated/CommandMark';
import type { ConsoleEvent } from '../generated/ConsoleEvent';
import type { ErrorView } from '../generated/ErrorView';
import type { InstallerRow } from '../generated/InstallerRow';
import type { InstallerSecretView } from '../generated/InstallerSecretView';
import type { NewCommand } from '../generated/NewCommand';
import type { NewInstaller } from '../generated/NewInstaller';
import type { Overview } from '../generated/Overview';
import type { SearchQuery } from '../generated/SearchQuery';
import type { SearchResult } from '../generated/SearchResult';
import type { SendableView } from '../generated/SendableView';
import type { SessionFilter } from '../generated/SessionFilter';
import type { SessionHead } from '../generated/SessionHead';
import type { SessionPage } from '../generated/SessionPage';
import type { SessionProof } from '../generated/SessionProof';
import type { SessionRow } from '../generated/SessionRow';
import type { VerifyProgress } from '../generated/VerifyProgress';
import type { HandOver } from './handover';
import type { Policies } from './policies';

/** How far the program has come since it was started. */
export type Startup =
  | { stage: 'opening' }
  | { stage: 'key_store_missing'; failure: ErrorView; cache_exists: boolean }
  | { stage: 'choose' }
  | { stage: 'starting'; step: EmbeddedStep }
  | { stage: 'failed'; failure: ErrorView }
  | { stage: 'ready'; open: string | null };

/** What has to happen before this computer can be worked on. */
export type EmbeddedStep = 'control_plane' | 'owner' | 'enrol' | 'runtime';

/** How to sign in to a control plane: with its own accounts, or by its identity provider in the system browser. */
export interface SignIn {
  address: string;
  email: string | null;
  password: string | null;
  /** Issuer of the provider to go to. */
  provider: string | null;
}

/** How people sign in at an address. */
export interface SignInWays {
  /** The address as it will be used. */
  address: string;
  /** Whether there are accounts with passwords. */
  local: boolean;
  providers: SignInDoor[];
}

/** An identity provider; `host` is where the browser goes. */
export interface SignInDoor {
  issuer: string;
  name: string;
  host: string;
}

/** Where a sign-in in the browser stands. `strays` counts answers that did not belong to it. */
export type SignInProgress = { at: 'browser'; address: string; strays: number } | { at: 'finishing' };

export type ExportFormat = 'pdf' | 'json';

/** What is known about this installation. */
export interface About {
  version: string;
  data_dir: string;
  control_plane: string | null;
  key_store: string;
}

/** Before `startup` says `ready`, `overview` was told. */
export type HostEvent =
  | ConsoleEvent
  | { type: 'startup'; startup: Startup }
  | { type: 'export'; session: string; done: number; total: number }
  | { type: 'verify'; progress: VerifyProgress }
  | { type: 'sign_in'; progress: SignInProgress }
  | { type: 'show_request'; action: string }
  | { type: 'show'; page: 'endpoints' | 'sessions' | 'search' | 'organisation' | 'settings' };

/** The only thing a host rejects with. `message` says what happened, what it means and what to do. */
export class Failure extends Error implements ErrorView {
  readonly code: string;
  readonly retry_after_ms: number | null;

  constructor(body: ErrorView) {
    super(body.message);
    this.name = 'Failure';
    this.code = body.code;
    this.retry_after_ms = body.retry_after_ms;
  }
}

/** What a page that begins needs to know, in one answer; the overview once the cache is open. */
export interface Standing {
  startup: Startup;
  overview: Overview | null;
}

export interface Host {
  subscribe(listener: (event: HostEvent) => void): Promise<() => void>;
  standing(): Promise<Standing>;
  overview(): Promise<Overview>;
  about(): Promise<About>;

  startEmbedded(): Promise<void>;
  /** Tries once more what failed at the start; how far it comes arrives as events. */
  startAgain(): Promise<void>;
  /** Asks a control plane how people sign in there. */
  signInWays(address: string): Promise<SignInWays>;
  /** Resolves when the person is signed in; with a provider its progress arrives as events. */
  signIn(how: SignIn): Promise<void>;
  cancelSignIn(): Promise<void>;
  /** Sends the browser to the sign-in that is under way once more. */
  browseAgain(): Promise<void>;
  signOut(): Promise<void>;
  unlockWithPassphrase(passphrase: string): Promise<void>;
  retryKeyStore(): Promise<void>;
  dismissNotice(code: string, endpoint: string | null): Promise<void>;
  retryConnection(): Promise<void>;

  clients(): Promise<ClientRow[]>;
  createClient(name: string): Promise<string>;
  renameClient(client: string, name: string): Promise<void>;
  installers(): Promise<InstallerRow[]>;
  /** The answer is the only time that the secret is shown. */
  createInstaller(wanted: NewInstaller): Promise<InstallerSecretView>;
  rotateInstaller(installer: string): Promise<InstallerSecretView>;
  revokeInstaller(installer: string): Promise<void>;
  removeEndpoint(endpoint: string): Promise<void>;
  /** Destroys texts of an entry for good; a tombstone says who and on what basis. */
  eraseTexts(endpoint: string, seq: number, names: string[], basis: string): Promise<void>;

  sendable(endpoint: string): Promise<SendableView>;
  openSession(endpoint: string, purpose: string): Promise<string>;
  closeSession(session: string): Promise<void>;
  propose(session: string, command: NewCommand): Promise<string>;
  cancel(action: string): Promise<void>;
  /** What was typed in a session and not sent. */
  draft(session: string): Promise<string>;
  keepDraft(session: string, text: string): Promise<void>;
  chat(session: string, message: string): Promise<void>;
  note(session: string, note: string): Promise<void>;

  /** All approval requests that concern the signed-in person; changes arrive as events. */
  inbox(): Promise<InboxView>;
  /** One request in full. When it waits for this person, the requester learns that they have it open. */
  approval(action: string): Promise<ApprovalDetail>;
  /** Signs and sends an answer; the row says whether it is sent, and why it does not count if it does not. */
  decide(action: string, verdict: Verdict): Promise<ApprovalRow>;
  nudge(action: string): Promise<ApprovalRow>;
  withdraw(action: string): Promise<void>;
  /** What an action changed, when its state was read before and after. */
  stateDifference(action: string): Promise<StateDifference | null>;
  /** Who speaks for a client; of a contact the own one. */
  speakers(client: string | null): Promise<SpeakersView>;
  introduce(device: string): Promise<SpeakersView>;
  revokeSpeaker(device: string): Promise<SpeakersView>;
  /** Allows something beforehand, or changes what is allowed under this name. */
  grant(wanted: NewStanding): Promise<SpeakersView>;
  takeBack(name: string): Promise<SpeakersView>;
  setFloor(wanted: NewFloor): Promise<SpeakersView>;
  withdrawFloor(name: string): Promise<SpeakersView>;
  /** Lets one's own waiting action run without permission; somebody else has to review it. */
  declareEmergency(action: string, why: string): Promise<ApprovalRow>;
  /** Records what this person found about an action that somebody else ran under break-glass. */
  reviewEmergency(action: string, justified: boolean, note: string): Promise<ApprovalRow>;
  /** Who of a client gets mail about requests. */
  mailContacts(client: string): Promise<MailContactsView>;
  /** Lists somebody, or changes whoever has the address `before`. */
  keepMailContact(client: string, before: string | null, contact: MailContactRow): Promise<MailContactsView>;
  removeMailContact(client: string, address: string): Promise<MailContactsView>;

  sessions(filter: SessionFilter): Promise<SessionRow[]>;
  /** A session of any length, at once; from here on its changes arrive as events until `leaveSession`. */
  watchSession(session: string): Promise<SessionHead>;
  /** Its entries from one sequence number on, before another; without one, to the end. */
  sessionPage(session: string, from: number, before: number | null): Promise<SessionPage>;
  sessionCommands(session: string): Promise<CommandMark[]>;
  sessionProof(session: string): Promise<SessionProof>;
  leaveSession(session: string): Promise<void>;
  /** Commands proposed before on this endpoint, newest first, each once. */
  commandHistory(endpoint: string): Promise<string[]>;
  search(query: SearchQuery): Promise<SearchResult>;
  /** Asks where to save; resolves with the path, or null when the person changed their mind. */
  exportSession(session: string, format: ExportFormat): Promise<string | null>;
  cancelExport(session: string): Promise<void>;
  /** Checks an endpoint's cached log again from its bytes; progress arrives as events. */
  verifyAgain(endpoint: string): Promise<VerifyProgress>;
  /** Reviews, packs, documents, certificates, tables. */
  readonly handOver: HandOver;
  /** Policies, and what they know of endpoints. */
  readonly policies: Policies;
  /** Shows an exported file in the system's file manager. */
  reveal(path: string): Promise<void>;
  /** Whether the program starts with the person's session on this computer. */
  startsAtSignIn(): Promise<boolean>;
  startAtSignIn(on: boolean): Promise<void>;
  /** Ends the program, also where closing its window does not. */
  quit(): Promise<void>;
  /** For start-up measurements: `painted` when the page stands, `usable` when what was asked for is on screen and takes input. */
  reached(mark: 'painted' | 'usable'): void;
}
