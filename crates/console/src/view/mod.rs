//! View models: what a screen or a document shows, decided here and drawn elsewhere. TypeScript types are generated from these
//! (ts-rs) into `ui/src/generated/`. Texts in view models are as recorded; whoever draws them must show control characters,
//! terminal escapes and bidirectional overrides visibly ([`crate::visible`]) and never interpret them: where a text needs it, its
//! segments come along. Names, headlines and excerpts are already safe to draw.

mod agreement;
mod answer;
mod audit;
mod consent;
mod directory;
mod draft;
mod floor;
mod mail;
mod overview;
mod policy;
mod record;
mod scrub;
mod search;
mod share;
mod work;

pub use agreement::{AgreementOf, AgreementRow, ClientPoliciesView, ClientPolicy, PolicyChange};
pub use answer::{CompleteRow, NamedRow, NegativeView};
pub use audit::{AuditControl, AuditCount, AuditPreset, AuditRow, AuditView};
pub use consent::{
    ApprovalDetail, ApprovalRow, DifferenceLine, InboxView, MailRow, NewStanding, OutcomeNotice, PromptNotice, SpeakerRow,
    SpeakersView, StandingRow, StateDifference, Verdict,
};
pub use directory::{ClientRow, EndpointRow, SendableView, SessionFilter, SessionRow};
pub use draft::{CoverageView, DraftLog, DraftPiece, DraftRow, DraftText, DraftView, RecordOf, ReviewRow, ReviewState, Shown};
pub use floor::{FloorRow, NewFloor};
pub use mail::{MailContactRow, MailContactsView, MailSendingView};
pub use overview::{Connection, ConsoleEvent, MeView, Notice, Overview, SyncProgress};
pub use policy::{
    DryRunGroup, DryRunRow, DryRunView, NamedId, OutcomeView, PoliciesView, PolicyDetail, PolicyDraft, PolicyDraftView,
    PolicyForm, PolicyHours, PolicyProblem, PolicyRow, PolicyRule, PolicyRuleView, PolicyScope, PolicyThen, PolicyVersion,
    StandingOf, TraitsView,
};
pub use record::{
    CommandMark, CosignerRow, EntryFault, SessionDetail, SessionHead, SessionPage, SessionProof, TextView, TimelineItem,
    Verification,
};
pub use scrub::{RemovalView, RestoredRow, ScrubClass, ScrubView, TextPoint};
pub use search::{SearchHit, SearchQuery, SearchResult};
pub use share::{NewShare, ShareRow, ShareVisitRow};
pub use work::{InstallerRow, InstallerSecretView, NewCommand, NewInstaller, VerifyProgress};
