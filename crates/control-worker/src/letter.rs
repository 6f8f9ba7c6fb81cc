//! Letters: what the front asks of an object, and what happens to an object's connections and clock.
//!
//! JavaScript makes and moves [`Happening`]s and does not look into [`ToEndpoint`] and [`ToOrganisation`], which travel from the front's
//! instance to an object's, perhaps in another place of the world.

use caisey_control::endpoint::{Identity, ReviewBasis};
use caisey_control::moving::{Header, Leaving};
use caisey_control::organisation::Examined;
use caisey_control::port::Caller;
use caisey_control::rules::Rules;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{
    ActionId, ClientId, DeviceId, EndpointId, InstallerId, MemberId, OrganisationId, Seq, SessionId, ShareId, TimeMs,
};
use caisey_protocol::consent::{AboutApproval, ApprovalView, ContactSays, EndpointTraits, Prompt, PublishPolicy};
use caisey_protocol::handover::SubmitReview;
use caisey_protocol::http::{
    Cosign, CreateClient, CreateInstaller, EndpointView, EnrolRequest, EraseText, RegisterDevice, RenameClient, SessionView,
};
use caisey_protocol::mail::MailContacts;
use caisey_protocol::share::{CreateShare, RefreshShare, ShareView, VisitKind};
use caisey_transcript::snapshot::{LogRange, Scope};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What happened to an object, in the order in which it did. Those marked with a body are followed by one in the parcel.
#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum Happening {
    /// The front asks something; body: [`ToEndpoint`] or [`ToOrganisation`].
    Ask { request: u64 },
    /// A runtime connected.
    Opened { conn: u64 },
    /// It sent a frame; body: its text. `trouble` says why there is none.
    Frame { conn: u64, trouble: Option<Trouble> },
    /// A connection is gone: properly closed, or lost.
    Closed { conn: u64, kind: Kind, clean: bool },
    /// A console watches: a log from this number on, or the directory; body: the [`Caller`] for the directory.
    Watch { conn: u64, from: u64 },
    /// It took what it was sent.
    Drained { conn: u64 },
    /// A watching console sent something.
    Heard { conn: u64 },
    /// Endpoint objects report; body: a [`Report`].
    Report {},
    /// Something that decides may have changed: the organisation is to be asked.
    Brief {},
    /// What the organisation says decides here; body: [`Rules`], or nothing when they are known.
    Rules {},
    /// What became of an attempt to send an e-mail: the provider's status, 0 when it could not be reached, none when there is no provider;
    /// body: what it said.
    Mailed {
        action: ActionId,
        member: MemberId,
        attempt: u32,
        status: Option<u16>,
    },
    /// Prompts of approval requests, for a console that began to watch; body: [`Prompts`].
    Prompts { conn: u64, round: u32 },
    /// The time has come.
    Wake {},
    /// An earlier happening could not be recorded.
    Failed { cause: Cause, since: TimeMs },
}

impl Happening {
    pub(crate) fn has_body(&self) -> bool {
        matches!(
            self,
            Self::Ask { .. }
                | Self::Frame { .. }
                | Self::Watch { .. }
                | Self::Report {}
                | Self::Rules {}
                | Self::Mailed { .. }
                | Self::Prompts { .. }
        )
    }
}

/// Why a frame was not passed on.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    TooLong,
    Binary,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Runtime,
    Watch,
}

/// Why something was not recorded; the word that the record has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    DiskFull,
    DiskFailed,
    StoreDamaged,
    StoreRefused,
    /// The object failed: a trap.
    Failed,
}

impl Cause {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::DiskFailed => "disk_failed",
            Self::StoreDamaged => "store_damaged",
            Self::StoreRefused => "store_refused",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn for_people(self) -> &'static str {
        match self {
            Self::DiskFull => "the record of this endpoint or organisation has reached the platform's limit",
            Self::DiskFailed => "the platform's storage fails; its log says how",
            Self::StoreDamaged => "the record is damaged; restore it from a backup",
            Self::StoreRefused | Self::Failed => "the control plane failed; its log says how",
        }
    }
}

/// To an Endpoint object.
#[derive(Serialize, Deserialize)]
pub(crate) struct ToEndpoint {
    pub(crate) caller: Option<Caller>,
    /// It is to be decided by rules of this revision or a later one; an object that knows older ones answers [`WANTS_RULES`].
    #[serde(default)]
    pub(crate) revision: u64,
    /// Those rules, once it was asked for them.
    #[serde(default)]
    pub(crate) rules: Option<Box<Rules>>,
    pub(crate) ask: AskEndpoint,
}

/// What the operator has an object do that is being moved, as either kind of object takes it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AskMove {
    /// Its next lines; answered with them and where it goes on.
    Leave { header: Header, from: Option<Leaving> },
    /// Takes lines; answered with the last of them when the object is whole.
    Arrive { header: Header, lines: Vec<String> },
    /// Is anything here that is used?
    Standing,
    /// From here on it is used.
    Settle,
    /// To the organisation: another object is whole, with this line.
    Ended(String),
    /// To the organisation: that was all; the file's last line.
    Arrived { header: Header, note: String },
    /// To the organisation: which endpoint comes next?
    Next(Option<EndpointId>),
}

/// Status of an Endpoint object's answer that it has arrived, and waits for its organisation: `Too Early` (RFC 8470 §5.2). Never leaves the
/// front.
pub(crate) const WAITS: u16 = 425;

/// Status of an Endpoint object's answer that nothing was done because it does not know the newest rules: `Precondition Required`
/// (RFC 6585 §3). Never leaves the front.
pub(crate) const WANTS_RULES: u16 = 428;

/// What can be asked of an Endpoint object.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AskEndpoint {
    Exists,
    Enrolled(Box<Identity>),
    Submit(Box<SignedStatement>),
    Cosign(Box<Cosign>),
    Sendable,
    Erase(EraseText),
    Remove,
    Entries {
        from: Seq,
        limit: u32,
    },
    Cosigned {
        from: u64,
    },
    Consistency {
        from: u64,
        to: u64,
    },
    Inclusion {
        seq: Seq,
        size: u64,
    },
    ReviewBasis {
        scope: Scope,
        range: LogRange,
    },
    /// From here on these decide; none when they are known.
    Rules,
    About(AboutApproval),
    /// What somebody who is asked has to see.
    Prompt(ActionId),
    /// What a link from an e-mail leads to, as a page.
    BehindLink(String),
    /// What was typed into that page.
    AnswerByLink {
        token: String,
        approve: bool,
        number: String,
        reason: String,
    },
    Move(AskMove),
}

/// To an Organisation object. It checks `caller` against itself wherever there is one.
#[derive(Serialize, Deserialize)]
pub(crate) struct ToOrganisation {
    pub(crate) organisation: OrganisationId,
    pub(crate) caller: Option<Caller>,
    pub(crate) ask: AskOrganisation,
}

/// What can be asked of an Organisation object.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AskOrganisation {
    RegisterDevice(RegisterDevice),
    Clients,
    CreateClient(CreateClient),
    RenameClient(ClientId, RenameClient),
    Installers,
    CreateInstaller(CreateInstaller),
    RotateInstaller(InstallerId),
    RevokeInstaller(InstallerId),
    Enrol(EnrolRequest),
    Endpoints,
    Endpoint(EndpointId),
    /// May the caller see this endpoint, and whose is the key that signed? Answered with the caller, device included.
    Admit {
        endpoint: EndpointId,
        key: Option<String>,
    },
    Sessions(Filter),
    Key(DeviceId),
    Reviews(String),
    Review(Box<SubmitReview>, ReviewBasis),
    AdminLog {
        from: Seq,
        limit: u32,
    },
    Approvals,
    MailContacts(ClientId),
    SetMailContacts(ClientId, MailContacts),
    Policies,
    CheckPolicy(PublishPolicy),
    PublishPolicy(PublishPolicy),
    Contacts(ClientId),
    ContactSays(ContactSays),
    Traits(EndpointId),
    SetTraits(EndpointId, EndpointTraits),
    /// What decides at an endpoint, unless this revision is the newest. Asked by the front and by Endpoint objects, for nobody.
    Rules(EndpointId, u64),
    /// A part of a pack, in standard base64.
    PutPart {
        pack: String,
        part: u32,
        bytes: String,
    },
    Shares,
    FindShare(ShareId),
    CreateShare(CreateShare, Option<String>, Examined),
    RefreshShare(ShareId, RefreshShare, Examined),
    RevokeShare(ShareId),
    Visits(ShareId),
    /// A pack that was put whole; answered with its bytes.
    Pack {
        pack: String,
        size_bytes: u64,
    },
    /// What the link with this digest leads to; for nobody.
    FindLink(String),
    /// A line of the view log; for nobody.
    Visit(ShareId, VisitKind, String),
    Move(AskMove),
}

/// Answer to [`AskOrganisation::Admit`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Admitted {
    pub(crate) caller: Caller,
    /// Of the rules that decide, when a key was looked up.
    pub(crate) revision: u64,
}

/// Answer to [`AskOrganisation::CreateShare`].
#[derive(Serialize, Deserialize)]
pub(crate) struct Created {
    pub(crate) share: ShareView,
    pub(crate) token: String,
}

/// Prompts that were asked of Endpoint objects for a console; none where one had nothing to say.
#[derive(Serialize, Deserialize)]
pub(crate) struct Prompts {
    pub(crate) watching: Watching,
    pub(crate) found: BTreeMap<ActionId, Option<Prompt>>,
}

/// Which sessions; absent means any.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Filter {
    pub(crate) endpoint: Option<EndpointId>,
    pub(crate) client: Option<ClientId>,
    pub(crate) member: Option<MemberId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) from_ms: Option<TimeMs>,
    pub(crate) to_ms: Option<TimeMs>,
}

/// What an Endpoint object tells its Organisation object.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Report {
    Endpoint(EndpointView),
    Session(SessionView),
    Approval(Box<ApprovalView>),
}

/// What a watching console's connection to the directory stands for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Watching {
    pub(crate) organisation: OrganisationId,
    pub(crate) caller: Caller,
}
