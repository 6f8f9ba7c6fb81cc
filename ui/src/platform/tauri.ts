/** The desktop host: one command per method, one event channel. The only importer of `@tauri-apps`. */
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
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
import { handOverBy } from './handover';
import { type About, type ExportFormat, Failure, type Host, type HostEvent, type SignIn, type SignInWays, type Standing } from './host';
import { policiesBy } from './policies';

export class TauriHost implements Host {
  subscribe(listener: (event: HostEvent) => void): Promise<() => void> {
    return listen<HostEvent>('console', (message) => listener(message.payload));
  }

  standing = () => ask<Standing>('standing');
  overview = () => ask<Overview>('overview');
  about = () => ask<About>('about');
  startEmbedded = () => ask<void>('start_embedded');
  startAgain = () => ask<void>('start_again');
  signIn = (how: SignIn) => ask<void>('sign_in', { how });
  signInWays = (address: string) => ask<SignInWays>('sign_in_ways', { address });
  cancelSignIn = () => ask<void>('cancel_sign_in');
  browseAgain = () => ask<void>('browse_again');
  signOut = () => ask<void>('sign_out');
  unlockWithPassphrase = (passphrase: string) => ask<void>('unlock_with_passphrase', { passphrase });
  retryKeyStore = () => ask<void>('retry_key_store');
  dismissNotice = (code: string, endpoint: string | null) => ask<void>('dismiss_notice', { code, endpoint });
  retryConnection = () => ask<void>('retry_connection');
  clients = () => ask<ClientRow[]>('clients');
  createClient = (name: string) => ask<string>('create_client', { name });
  renameClient = (client: string, name: string) => ask<void>('rename_client', { client, name });
  installers = () => ask<InstallerRow[]>('installers');
  createInstaller = (wanted: NewInstaller) => ask<InstallerSecretView>('create_installer', { wanted });
  rotateInstaller = (installer: string) => ask<InstallerSecretView>('rotate_installer', { installer });
  revokeInstaller = (installer: string) => ask<void>('revoke_installer', { installer });
  removeEndpoint = (endpoint: string) => ask<void>('remove_endpoint', { endpoint });
  eraseTexts = (endpoint: string, seq: number, names: string[], basis: string) => ask<void>('erase_texts', { endpoint, seq, names, basis });
  sendable = (endpoint: string) => ask<SendableView>('sendable', { endpoint });
  openSession = (endpoint: string, purpose: string) => ask<string>('open_session', { endpoint, purpose });
  closeSession = (session: string) => ask<void>('close_session', { session });
  propose = (session: string, command: NewCommand) => ask<string>('propose', { session, command });
  cancel = (action: string) => ask<void>('cancel', { action });
  draft = (session: string) => ask<string>('draft', { session });
  keepDraft = (session: string, text: string) => ask<void>('keep_draft', { session, text });
  chat = (session: string, message: string) => ask<void>('chat', { session, message });
  note = (session: string, note: string) => ask<void>('note', { session, note });
  inbox = () => ask<InboxView>('inbox');
  approval = (action: string) => ask<ApprovalDetail>('approval', { action });
  decide = (action: string, verdict: Verdict) => ask<ApprovalRow>('decide', { action, verdict });
  nudge = (action: string) => ask<ApprovalRow>('nudge', { action });
  withdraw = (action: string) => ask<void>('withdraw', { action });
  stateDifference = (action: string) => ask<StateDifference | null>('state_difference', { action });
  speakers = (client: string | null) => ask<SpeakersView>('speakers', { client });
  introduce = (device: string) => ask<SpeakersView>('introduce', { device });
  revokeSpeaker = (device: string) => ask<SpeakersView>('revoke_speaker', { device });
  grant = (wanted: NewStanding) => ask<SpeakersView>('grant', { wanted });
  takeBack = (name: string) => ask<SpeakersView>('take_back', { name });
  setFloor = (wanted: NewFloor) => ask<SpeakersView>('set_floor', { wanted });
  withdrawFloor = (name: string) => ask<SpeakersView>('withdraw_floor', { name });
  declareEmergency = (action: string, why: string) => ask<ApprovalRow>('declare_emergency', { action, why });
  reviewEmergency = (action: string, justified: boolean, note: string) => ask<ApprovalRow>('review_emergency', { action, justified, note });
  mailContacts = (client: string) => ask<MailContactsView>('mail_contacts', { client });
  keepMailContact = (client: string, before: string | null, contact: MailContactRow) => ask<MailContactsView>('keep_mail_contact', { client, before, contact });
  removeMailContact = (client: string, address: string) => ask<MailContactsView>('remove_mail_contact', { client, address });
  sessions = (filter: SessionFilter) => ask<SessionRow[]>('sessions', { filter });
  watchSession = (session: string) => ask<SessionHead>('watch_session', { session });
  sessionPage = (session: string, from: number, before: number | null) => ask<SessionPage>('session_page', { session, from, before });
  sessionCommands = (session: string) => ask<CommandMark[]>('session_commands', { session });
  sessionProof = (session: string) => ask<SessionProof>('session_proof', { session });
  leaveSession = (session: string) => ask<void>('leave_session', { session });
  commandHistory = (endpoint: string) => ask<string[]>('command_history', { endpoint });
  search = (query: SearchQuery) => ask<SearchResult>('search', { query });
  exportSession = (session: string, format: ExportFormat) => ask<string | null>('export_session', { session, format });
  cancelExport = (session: string) => ask<void>('cancel_export', { session });
  verifyAgain = (endpoint: string) => ask<VerifyProgress>('verify_again', { endpoint });
  readonly handOver = handOverBy(ask);
  readonly policies = policiesBy(ask);
  reveal = (path: string) => ask<void>('reveal', { path });
  startsAtSignIn = () => ask<boolean>('starts_at_sign_in');
  startAtSignIn = (on: boolean) => ask<void>('start_at_sign_in', { on });
  quit = () => ask<void>('quit');
  reached(mark: 'painted' | 'usable'): void {
    void ask<void>('reached', { mark });
  }
}

async function ask<T>(command: string, facts?: Record<string, unknown>): Promise<T> {
  try {
    return await invoke<T>(command, facts);
  } catch (thrown) {
    throw new Failure(asFailure(thrown));
  }
}

function asFailure(thrown: unknown): ErrorView {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown) {
    const body = thrown as { code: unknown; message: unknown; retry_after_ms?: unknown };
    return {
      code: String(body.code),
      message: String(body.message),
      retry_after_ms: typeof body.retry_after_ms === 'number' ? body.retry_after_ms : null,
    };
  }
  return { code: 'internal', message: String(thrown), retry_after_ms: null };
}
