//! What a signed-in person may do.

use serde::{Deserialize, Serialize};

/// A person's role, vouched for by the identity token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, removing endpoints and administrators included.
    Owner,
    /// Everything but owners.
    Admin,
    /// Works on endpoints: opens sessions, runs commands.
    Technician,
    /// Sees endpoints and sessions, opens none.
    Dispatcher,
    /// Reads every record, changes nothing.
    Auditor,
    /// A client's authorised person: sees that client only.
    Contact,
}

/// One thing a role may or may not do. Routes name the permission, never a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See the endpoint directory.
    ReadDirectory,
    /// Read entries of a log.
    ReadRecords,
    /// Open sessions, run commands, chat, note.
    Operate,
    /// Decide approval requests, where policy asks them; review what ran under break-glass.
    Decide,
    /// Hand records out of the organisation by a link, and end such links.
    Share,
    /// Create clients, installer tokens; remove endpoints.
    Administer,
}

impl Role {
    /// Whether the role carries the permission. A contact's reading is further limited to one client by the caller.
    pub fn may(self, permission: Permission) -> bool {
        use Permission::{Administer, Decide, Operate, ReadDirectory, ReadRecords, Share};
        match permission {
            ReadDirectory => true,
            ReadRecords => true,
            Operate => matches!(self, Self::Owner | Self::Admin | Self::Technician),
            Decide => matches!(self, Self::Owner | Self::Admin | Self::Contact),
            Share => matches!(self, Self::Owner | Self::Admin),
            Administer => matches!(self, Self::Owner | Self::Admin),
        }
    }
}
