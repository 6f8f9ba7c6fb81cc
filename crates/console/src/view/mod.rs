//! View models: what a screen or a document shows, decided here and drawn elsewhere. TypeScript types are generated from these
//! (ts-rs) into `ui/src/generated/`. Texts in view models are as recorded; whoever draws them must show control characters,
//! terminal escapes and bidirectional overrides visibly ([`crate::visible`]) and never interpret them: where a text needs it, its
//! segments come along. Names, headlines and excerpts are already safe to draw.

mod consent;
mod directory;
mod handover;
mod overview;
mod policy;
mod record;
mod search;
mod work;

pub use consent::{
    ApprovalDetail, ApprovalRow, DifferenceLine, InboxView, NewStanding, OutcomeNotice, PromptNotice, SpeakerRow, SpeakersView,
    StandingRow, StateDifference, Verdict,
};
pub use directory::{ClientRow, EndpointRow, SendableView, SessionFilter, SessionRow};
pub use handover::{
    AuditControl, AuditCount, AuditPreset, AuditRow, AuditView, CompleteRow, CoverageView, DraftLog, DraftPiece, DraftRow,
    DraftText, DraftView, NamedRow, NegativeView, NewShare, RecordOf, RemovalView, RestoredRow, ReviewRow, ReviewState,
    ScrubClass, ScrubView, ShareRow, ShareVisitRow, Shown, TextPoint,
};
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
pub use search::{SearchHit, SearchQuery, SearchResult};
pub use work::{InstallerRow, InstallerSecretView, NewCommand, NewInstaller, VerifyProgress};
