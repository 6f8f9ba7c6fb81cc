//! The table of all routes: what each is and what it needs. It holds every route of the native host but those of that host's own accounts;
//! a test holds it against the published document (docs/openapi.json).

use crate::answer::error;
use caisey_protocol::error::{ErrorBody, ErrorCode};
use caisey_protocol::role::Permission;

/// What a request must prove before its handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// An installer token in the body, checked by the Organisation object.
    InstallerToken,
    /// An endpoint's key, proved within the connection to the Endpoint object.
    EndpointKey,
    /// A share's link, checked by the Organisation object: the token in the path.
    ShareLink,
    /// A bearer token of any member.
    AnyMember,
    /// A bearer token whose role carries the permission.
    Permission(Permission),
}

/// Which handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Health,
    SignIn,
    Enrol,
    ConnectRuntime,
    Me,
    RegisterDevice,
    Clients,
    CreateClient,
    RenameClient,
    Installers,
    CreateInstaller,
    RotateInstaller,
    RevokeInstaller,
    Endpoints,
    Endpoint,
    Remove,
    Sendable,
    Entries,
    Checkpoint,
    Cosigned,
    Cosign,
    Consistency,
    Inclusion,
    WatchLog,
    Submit,
    Erase,
    Sessions,
    Key,
    Reviews,
    Review,
    WatchDirectory,
    AdminLog,
    Document,
    MailContacts,
    SetMailContacts,
    Link,
    AnswerByLink,
    Approvals,
    About,
    Policies,
    PublishPolicy,
    CheckPolicy,
    Contacts,
    ContactSays,
    Traits,
    SetTraits,
    PutPart,
    Shares,
    CreateShare,
    RefreshShare,
    RevokeShare,
    Visits,
    SharePage,
    ShareAnswer,
    SharePack,
    ShareFile,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// HTTP method.
    pub method: &'static str,
    /// Path, with `{…}` where something of the caller's goes.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    pub(crate) does: Route,
}

const DIRECTORY: Needs = Needs::Permission(Permission::ReadDirectory);
const RECORDS: Needs = Needs::Permission(Permission::ReadRecords);
const OPERATE: Needs = Needs::Permission(Permission::Operate);
const DECIDE: Needs = Needs::Permission(Permission::Decide);
const SHARE: Needs = Needs::Permission(Permission::Share);
const ADMINISTER: Needs = Needs::Permission(Permission::Administer);

const fn line(method: &'static str, path: &'static str, needs: Needs, does: Route) -> Line {
    Line {
        method,
        path,
        needs,
        does,
    }
}

/// All of them.
#[rustfmt::skip]
pub const ALL: &[Line] = &[
    line("GET", "/healthz", Needs::Nothing, Route::Health),
    line("GET", "/v1/sign-in", Needs::Nothing, Route::SignIn),
    line("POST", "/v1/enrol", Needs::InstallerToken, Route::Enrol),
    line("GET", "/v1/runtime/connect", Needs::EndpointKey, Route::ConnectRuntime),
    line("GET", "/v1/me", Needs::AnyMember, Route::Me),
    line("POST", "/v1/devices", Needs::AnyMember, Route::RegisterDevice),
    line("GET", "/v1/clients", DIRECTORY, Route::Clients),
    line("POST", "/v1/clients", ADMINISTER, Route::CreateClient),
    line("POST", "/v1/clients/{id}/rename", ADMINISTER, Route::RenameClient),
    line("GET", "/v1/installers", ADMINISTER, Route::Installers),
    line("POST", "/v1/installers", ADMINISTER, Route::CreateInstaller),
    line("POST", "/v1/installers/{id}/rotate", ADMINISTER, Route::RotateInstaller),
    line("DELETE", "/v1/installers/{id}", ADMINISTER, Route::RevokeInstaller),
    line("GET", "/v1/endpoints", DIRECTORY, Route::Endpoints),
    line("GET", "/v1/endpoints/{id}", DIRECTORY, Route::Endpoint),
    line("DELETE", "/v1/endpoints/{id}", ADMINISTER, Route::Remove),
    line("GET", "/v1/endpoints/{id}/sendable", DIRECTORY, Route::Sendable),
    line("GET", "/v1/endpoints/{id}/entries", RECORDS, Route::Entries),
    line("GET", "/v1/endpoints/{id}/checkpoint", RECORDS, Route::Checkpoint),
    line("GET", "/v1/endpoints/{id}/cosignatures", RECORDS, Route::Cosigned),
    line("POST", "/v1/endpoints/{id}/cosignatures", RECORDS, Route::Cosign),
    line("GET", "/v1/endpoints/{id}/proof/consistency", RECORDS, Route::Consistency),
    line("GET", "/v1/endpoints/{id}/proof/inclusion", RECORDS, Route::Inclusion),
    line("GET", "/v1/endpoints/{id}/watch", RECORDS, Route::WatchLog),
    line("POST", "/v1/endpoints/{id}/statements", OPERATE, Route::Submit),
    line("POST", "/v1/endpoints/{id}/erase", ADMINISTER, Route::Erase),
    line("GET", "/v1/sessions", RECORDS, Route::Sessions),
    line("GET", "/v1/keys", Needs::AnyMember, Route::Key),
    line("GET", "/v1/reviews", RECORDS, Route::Reviews),
    line("POST", "/v1/reviews", RECORDS, Route::Review),
    line("GET", "/v1/watch", DIRECTORY, Route::WatchDirectory),
    line("GET", "/v1/admin-log", ADMINISTER, Route::AdminLog),
    line("GET", "/v1/openapi.json", Needs::Nothing, Route::Document),
    line("GET", "/v1/clients/{id}/mail-contacts", DIRECTORY, Route::MailContacts),
    line("PUT", "/v1/clients/{id}/mail-contacts", ADMINISTER, Route::SetMailContacts),
    line("GET", "/a/{token}", Needs::Nothing, Route::Link),
    line("POST", "/a/{token}", Needs::Nothing, Route::AnswerByLink),
    line("GET", "/v1/approvals", DIRECTORY, Route::Approvals),
    line("POST", "/v1/endpoints/{id}/decisions", DECIDE, Route::Submit),
    line("POST", "/v1/endpoints/{id}/approvals", DIRECTORY, Route::About),
    line("GET", "/v1/policies", DIRECTORY, Route::Policies),
    line("POST", "/v1/policies", ADMINISTER, Route::PublishPolicy),
    line("POST", "/v1/policies/check", DIRECTORY, Route::CheckPolicy),
    line("GET", "/v1/contacts", DIRECTORY, Route::Contacts),
    line("POST", "/v1/contacts", DECIDE, Route::ContactSays),
    line("GET", "/v1/endpoints/{id}/traits", DIRECTORY, Route::Traits),
    line("PUT", "/v1/endpoints/{id}/traits", ADMINISTER, Route::SetTraits),
    line("PUT", "/v1/packs/{sha256}/{part}", SHARE, Route::PutPart),
    line("GET", "/v1/shares", RECORDS, Route::Shares),
    line("POST", "/v1/shares", SHARE, Route::CreateShare),
    line("POST", "/v1/shares/{id}/refresh", SHARE, Route::RefreshShare),
    line("DELETE", "/v1/shares/{id}", SHARE, Route::RevokeShare),
    line("GET", "/v1/shares/{id}/visits", RECORDS, Route::Visits),
    line("GET", "/s/{token}", Needs::ShareLink, Route::SharePage),
    line("POST", "/s/{token}", Needs::ShareLink, Route::ShareAnswer),
    line("GET", "/s/{token}/pack", Needs::ShareLink, Route::SharePack),
    line("GET", "/share/{file}", Needs::Nothing, Route::ShareFile),
];

/// No line fits.
#[derive(Debug)]
pub(crate) struct NoRoute {
    /// Status.
    pub(crate) status: u16,
    /// Why.
    pub(crate) error: ErrorBody,
}

/// The route, and what stands in the places of the caller's, from left to right. `HEAD` is answered as `GET` (RFC 9110 §9.3.2).
pub(crate) fn find(method: &str, path: &str) -> Result<(Line, Vec<String>), NoRoute> {
    let method = if method == "HEAD" { "GET" } else { method };
    let mut other_method = false;
    for line in ALL {
        let Some(parts) = fits(line.path, path) else { continue };
        if line.method == method {
            return Ok((*line, parts));
        }
        other_method = true;
    }
    if other_method {
        let detail = "This address exists, but not for this method; /v1/openapi.json lists which it takes.";
        return Err(NoRoute {
            status: 405,
            error: error(ErrorCode::BadRequest, detail),
        });
    }
    let detail = if path.starts_with("/local/") || path == "/.well-known/openid-configuration" {
        "This control plane has no local issuer; sign in with your organisation's identity provider."
    } else {
        "There is no such address in this interface; /v1/openapi.json lists all of them."
    };
    Err(NoRoute {
        status: 404,
        error: error(ErrorCode::NotFound, detail),
    })
}

/// `Some` when the path has the pattern's shape, with what stands for its `{…}`.
fn fits(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(parts),
            (Some(name), Some(part)) if name.starts_with('{') && !part.is_empty() => parts.push(part.to_owned()),
            (Some(name), Some(part)) if name == part => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn every_line_is_found_and_no_other() {
        for line in ALL {
            let path = line.path.replace("{id}", "x_1").replace(['{', '}'], "");
            let (found, parts) = find(line.method, &path).unwrap();
            assert_eq!((found.path, found.does), (line.path, line.does));
            assert_eq!(parts.len(), line.path.matches('{').count());
        }
        for path in [
            "/",
            "/v1",
            "/v1/endpoints/",
            "/v1/endpoints//entries",
            "/v1/endpoints/a/b/entries",
            "/v1/me/",
            "/s/",
            "/v1/packs/a",
        ] {
            let none = find("GET", path).unwrap_err();
            assert_eq!((none.status, none.error.code), (404, ErrorCode::NotFound), "{path}");
        }
        let none = find("PUT", "/v1/me").unwrap_err();
        assert_eq!((none.status, none.error.code), (405, ErrorCode::BadRequest));
        assert_eq!(find("HEAD", "/healthz").unwrap().0.does, Route::Health);
        assert_eq!(find("GET", "/v1/packs/ab/7").err().unwrap().status, 405);
    }

    /// What the native host answers and this one does not, and why.
    const ELSEWHERE: &[(&str, &str, &str)] = &[
        ("POST", "/local/token", LOCAL),
        ("GET", "/local/jwks.json", LOCAL),
        ("GET", "/.well-known/openid-configuration", LOCAL),
    ];
    const LOCAL: &str = "this host has no accounts of its own: people sign in at an identity provider";

    /// The published document is the native host's own word (its tests compare them), so this compares the tables of both hosts.
    #[test]
    fn the_table_is_that_of_the_published_document() {
        let document: serde_json::Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
        let mut published = std::collections::BTreeMap::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let permission = operation["x-permission"].as_str().map(str::to_owned);
                let bearer = operation["security"].as_array().is_some_and(|needs| !needs.is_empty());
                published.insert((method.to_uppercase(), path.clone()), (bearer, permission));
            }
        }
        for (method, path, why) in ELSEWHERE {
            let there = published.remove(&((*method).to_owned(), (*path).to_owned()));
            assert!(there.is_some(), "{method} {path} is gone, and with it that {why}");
        }
        let own: std::collections::BTreeMap<_, _> = ALL
            .iter()
            .map(|line| {
                let needs = match line.needs {
                    Needs::Permission(permission) => (true, Some(format!("{permission:?}"))),
                    Needs::AnyMember => (true, None),
                    _ => (false, None),
                };
                ((line.method.to_owned(), line.path.to_owned()), needs)
            })
            .collect();
        assert_eq!(
            own, published,
            "a route is on one host only, or needs something else there; docs/decisions/0092 says what to do"
        );
    }
}
