//! The table of all routes: what each is and what it needs. It holds every route of the native host but those of that host's own accounts.

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
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// HTTP method.
    pub method: &'static str,
    /// Path, with `{id}` where an identifier goes.
    pub path: &'static str,
    /// What it needs.
    pub needs: Needs,
    pub(crate) does: Route,
}

const DIRECTORY: Needs = Needs::Permission(Permission::ReadDirectory);
const RECORDS: Needs = Needs::Permission(Permission::ReadRecords);
const OPERATE: Needs = Needs::Permission(Permission::Operate);
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
];

/// The route, and what stands in the place of `{id}`.
pub(crate) fn find(method: &str, path: &str) -> Result<(Line, Option<String>), ErrorBody> {
    let mut other_method = false;
    for line in ALL {
        let Some(id) = fits(line.path, path) else { continue };
        if line.method == method {
            return Ok((*line, id));
        }
        other_method = true;
    }
    let detail = if other_method {
        "This address exists, but not for this method; /v1/openapi.json lists which it takes."
    } else if path.starts_with("/local/") || path == "/.well-known/openid-configuration" {
        "This control plane has no local issuer; sign in with your organisation's identity provider."
    } else {
        "There is no such address in this interface; /v1/openapi.json lists all of them."
    };
    let code = if other_method {
        ErrorCode::BadRequest
    } else {
        ErrorCode::NotFound
    };
    Err(error(code, detail))
}

/// `Some` when the path has the pattern's shape, with what stands for `{id}`.
fn fits(pattern: &str, path: &str) -> Option<Option<String>> {
    let Some((before, after)) = pattern.split_once("{id}") else {
        return (pattern == path).then_some(None);
    };
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    (!id.is_empty() && !id.contains('/')).then(|| Some(id.to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_line_is_found_and_no_other() {
        for line in ALL {
            let (found, id) = find(line.method, &line.path.replace("{id}", "x_1")).unwrap();
            assert_eq!((found.path, found.does), (line.path, line.does));
            assert_eq!(id.is_some(), line.path.contains("{id}"));
        }
        for path in [
            "/",
            "/v1",
            "/v1/endpoints/",
            "/v1/endpoints//entries",
            "/v1/endpoints/a/b/entries",
            "/v1/me/",
        ] {
            assert_eq!(find("GET", path).unwrap_err().code, ErrorCode::NotFound, "{path}");
        }
        assert_eq!(find("PUT", "/v1/me").unwrap_err().code, ErrorCode::BadRequest);
    }
}
