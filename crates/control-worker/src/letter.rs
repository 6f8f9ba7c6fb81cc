//! Letters: what the front asks of an object, and what happens to an object's connections and clock.
//!
//! JavaScript makes and moves [`Happening`]s and does not look into [`ToEndpoint`] and [`ToOrganisation`], which travel from the front's
//! instance to an object's, perhaps in another place of the world.

use caisey_control::endpoint::{Identity, ReviewBasis};
use caisey_control::port::Caller;
use caisey_ledger::entry::SignedStatement;
use caisey_ledger::id::{ClientId, DeviceId, EndpointId, InstallerId, MemberId, OrganisationId, Seq, SessionId, TimeMs};
use caisey_protocol::consent::ApprovalView;
use caisey_protocol::handover::SubmitReview;
use caisey_protocol::http::{
    Cosign, CreateClient, CreateInstaller, EndpointView, EnrolRequest, EraseText, RegisterDevice, RenameClient, SessionView,
};
use caisey_transcript::snapshot::{LogRange, Scope};
use serde::{Deserialize, Serialize};

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
    /// The time has come.
    Wake {},
    /// An earlier happening could not be recorded.
    Failed { cause: Cause, since: TimeMs },
}

impl Happening {
    pub(crate) fn has_body(&self) -> bool {
        matches!(
            self,
            Self::Ask { .. } | Self::Frame { .. } | Self::Watch { .. } | Self::Report {}
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
    pub(crate) ask: AskEndpoint,
}

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
    Entries { from: Seq, limit: u32 },
    Cosigned { from: u64 },
    Consistency { from: u64, to: u64 },
    Inclusion { seq: Seq, size: u64 },
    ReviewBasis { scope: Scope, range: LogRange },
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
