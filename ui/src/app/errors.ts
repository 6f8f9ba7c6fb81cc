/** From an error's stable word to what a person reads: title, severity, and what they can do about it here. */
import { Failure } from '../platform/host';

export type Severity = 'info' | 'warning' | 'danger';
export type Remedy = 'sign_in' | 'retry' | 'refresh' | 'none';

export interface Words {
  title: string;
  severity: Severity;
  remedy: Remedy;
}

const TABLE: Record<string, Words> = {
  unauthenticated: { title: 'Sign in again', severity: 'warning', remedy: 'sign_in' },
  signed_out: { title: 'Nobody is signed in', severity: 'warning', remedy: 'sign_in' },
  forbidden: { title: 'Your role does not allow this', severity: 'warning', remedy: 'none' },
  not_found: { title: 'Not found', severity: 'warning', remedy: 'refresh' },
  bad_request: { title: 'Not understood', severity: 'warning', remedy: 'none' },
  invalid: { title: 'Not possible like this', severity: 'warning', remedy: 'none' },
  too_large: { title: 'Too long', severity: 'warning', remedy: 'none' },
  unsupported_version: { title: 'Versions do not match', severity: 'danger', remedy: 'none' },
  conflict: { title: 'Things have changed meanwhile', severity: 'warning', remedy: 'refresh' },
  not_sendable: { title: 'The endpoint did not answer', severity: 'warning', remedy: 'retry' },
  not_recorded: { title: 'Not recorded, so not done', severity: 'danger', remedy: 'retry' },
  bad_signature: { title: 'A signature does not hold', severity: 'danger', remedy: 'none' },
  too_many_requests: { title: 'Too many requests', severity: 'info', remedy: 'retry' },
  installer_refused: { title: 'The installer token is not accepted', severity: 'warning', remedy: 'none' },
  control_internal: { title: 'The control plane failed', severity: 'danger', remedy: 'retry' },
  offline: { title: 'Offline', severity: 'info', remedy: 'retry' },
  read_only: { title: 'Opened for reading only', severity: 'info', remedy: 'none' },
  untrusted_answer: { title: 'An answer that does not hold', severity: 'danger', remedy: 'none' },
  key_store_missing: { title: 'No key store on this computer', severity: 'warning', remedy: 'retry' },
  key_store_locked: { title: 'The key store is locked', severity: 'warning', remedy: 'retry' },
  key_store_failed: { title: 'The key store failed', severity: 'danger', remedy: 'retry' },
  passphrase_refused: { title: 'Passphrase not accepted', severity: 'warning', remedy: 'none' },
  cache_in_use: { title: 'Another console is running', severity: 'warning', remedy: 'retry' },
  cache_too_new: { title: 'The cache belongs to a newer version', severity: 'warning', remedy: 'none' },
  cache_failed: { title: 'The cache cannot be read or written', severity: 'danger', remedy: 'retry' },
  folder_failed: { title: 'The folder cannot be read or written', severity: 'danger', remedy: 'retry' },
  provider_unreachable: { title: 'The sign-in service cannot be reached', severity: 'warning', remedy: 'retry' },
  provider_untrusted: { title: 'The sign-in does not hold', severity: 'danger', remedy: 'none' },
  clock_differs: { title: 'This computer’s clock is wrong', severity: 'warning', remedy: 'none' },
  sign_in_refused: { title: 'Not signed in', severity: 'warning', remedy: 'none' },
  sign_in_late: { title: 'Nobody signed in', severity: 'info', remedy: 'retry' },
  browser_failed: { title: 'The browser did not open', severity: 'warning', remedy: 'retry' },
  embedded_failed: { title: 'This computer could not be set up', severity: 'danger', remedy: 'retry' },
  export_failed: { title: 'Not saved', severity: 'warning', remedy: 'retry' },
  cancelled: { title: 'Stopped', severity: 'info', remedy: 'none' },
  internal: { title: 'Something went wrong here', severity: 'danger', remedy: 'retry' },
};

const UNKNOWN: Words = { title: 'Something went wrong', severity: 'danger', remedy: 'retry' };

export const KNOWN_CODES = Object.keys(TABLE);

export function words(code: string): Words {
  return TABLE[code] ?? UNKNOWN;
}

export function asFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : new Failure({ code: 'internal', message: String(thrown), retry_after_ms: null });
}
