/**
 * Every page but the first: a script and a stylesheet of their own, read when the window has been painted. The first screen does not wait for
 * what nobody has asked for yet (docs/decisions/0066).
 */
import Agreements from '../features/agreements/Agreements.svelte';
import Evidence from '../features/handover/Evidence.svelte';
import Consent from '../features/inbox/Consent.svelte';
import Inbox from '../features/inbox/Inbox.svelte';
import Organisation from '../features/organisation/Organisation.svelte';
import Policies from '../features/policies/Policies.svelte';
import Review from '../features/review/Review.svelte';
import Search from '../features/search/Search.svelte';
import Session from '../features/session/Session.svelte';
import Sessions from '../features/sessions/Sessions.svelte';
import Settings from '../features/settings/Settings.svelte';

export const LATER = {
  sessions: Sessions,
  session: Session,
  search: Search,
  inbox: Inbox,
  consent: Consent,
  agreements: Agreements,
  organisation: Organisation,
  evidence: Evidence,
  review: Review,
  policies: Policies,
  settings: Settings,
};
