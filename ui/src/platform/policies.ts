/** What the policy screens need from a host: the list, versions, drafts as form and text, what a draft would have changed, publishing; agreeing. */
import type { ClientPoliciesView } from '../generated/ClientPoliciesView';
import type { DryRunView } from '../generated/DryRunView';
import type { PoliciesView } from '../generated/PoliciesView';
import type { PolicyDetail } from '../generated/PolicyDetail';
import type { PolicyDraft } from '../generated/PolicyDraft';
import type { PolicyDraftView } from '../generated/PolicyDraftView';
import type { TraitsView } from '../generated/TraitsView';

/** Under this name a dry run's progress arrives as `export` events; none of none while actions are gathered. */
export const DRY_RUN = 'dry-run';

export interface Policies {
  /** Offline, as last heard. */
  all(): Promise<PoliciesView>;
  one(name: string): Promise<PolicyDetail>;
  /** What a draft comes to, as far as that can be told here; asks nobody. */
  draft(draft: PolicyDraft): Promise<PolicyDraftView>;
  /** The same, with what the control plane would say against publishing it. */
  check(draft: PolicyDraft): Promise<PolicyDraftView>;
  /** What it would have decided for last month's recorded actions. */
  tryOut(draft: PolicyDraft): Promise<DryRunView>;
  stop(): Promise<void>;
  publish(draft: PolicyDraft): Promise<PolicyDetail>;
  /** For a client's contact: what applies to their client, and what they agreed to. Offline, as last heard. */
  forClient(): Promise<ClientPoliciesView>;
  /** Signs that the contact's client agrees to exactly this version and text. */
  agree(name: string, version: number, digest: string): Promise<ClientPoliciesView>;
  traits(endpoint: string): Promise<TraitsView>;
  setTraits(endpoint: string, traits: TraitsView): Promise<void>;
}

type Ask = <T>(command: string, facts?: Record<string, unknown>) => Promise<T>;

/** On the desktop: one command each. */
export function policiesBy(ask: Ask): Policies {
  return {
    all: () => ask('policies'),
    one: (name) => ask('policy', { name }),
    draft: (draft) => ask('draft_policy', { draft }),
    check: (draft) => ask('check_policy', { draft }),
    tryOut: (draft) => ask('try_policy', { draft }),
    stop: () => ask('cancel_export', { session: DRY_RUN }),
    publish: (draft) => ask('publish_policy', { draft }),
    forClient: () => ask('client_policies'),
    agree: (name, version, digest) => ask('agree_to_policy', { name, version, digest }),
    traits: (endpoint) => ask('endpoint_traits', { endpoint }),
    setTraits: (endpoint, traits) => ask('set_endpoint_traits', { endpoint, traits }),
  };
}
