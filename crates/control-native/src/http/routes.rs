//! The table of all routes: what each is, what it needs, what goes in and out. Router, OpenAPI document and the isolation test are
//! made from it, so none of them can forget a route.

use super::App;
use super::{
    consent, cosign, directory, enrol, link_page, openapi, proof, records, review, runtime_socket, share, share_page, sign_in,
    watch_socket,
};
use axum::routing::{MethodRouter, delete, get, post, put};
use caisey_protocol::role::Permission;

/// What a request must prove before its handler runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
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

/// What a successful answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// JSON of the named schema.
    Json(&'static str),
    /// A JSON array of it.
    List(&'static str),
    /// JSON that another specification defines.
    Foreign,
    /// A C2SP signed note.
    Note,
    /// HTML.
    Page,
    /// A file of this media type.
    Bytes(&'static str),
    /// Nothing.
    Nothing,
    /// A WebSocket whose frames are of the named schema.
    Frames(&'static str),
}

/// Taken by routes whose body is a file's bytes.
pub(crate) const BYTES: &str = "bytes";
/// Taken by routes whose body is what a form sends.
pub(crate) const FORM: &str = "form";

/// One route.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    pub(crate) summary: &'static str,
    /// Names in the query; those that end in `?` may be left out.
    pub(crate) query: &'static [&'static str],
    /// The request body's schema.
    pub(crate) takes: Option<&'static str>,
    pub(crate) gives: Gives,
    pub(crate) handler: fn() -> MethodRouter<App>,
}

const DIRECTORY: Needs = Needs::Permission(Permission::ReadDirectory);
const RECORDS: Needs = Needs::Permission(Permission::ReadRecords);
const OPERATE: Needs = Needs::Permission(Permission::Operate);
const DECIDE: Needs = Needs::Permission(Permission::Decide);
const SHARE: Needs = Needs::Permission(Permission::Share);
const ADMINISTER: Needs = Needs::Permission(Permission::Administer);

macro_rules! table {
    ($($method:literal $path:literal, $needs:expr, $query:expr, $takes:expr, $gives:expr, $handler:expr, $summary:literal;)*) => {
        vec![$(Route {
            method: $method, path: $path, needs: $needs, summary: $summary,
            query: &$query, takes: $takes, gives: $gives, handler: || $handler,
        }),*]
    };
}

/// All of them.
#[rustfmt::skip]
pub(crate) fn all() -> Vec<Route> {
    use Gives::{Bytes, Foreign, Frames, Json, List, Note, Nothing, Page};
    table! {
        "GET" "/healthz", Needs::Nothing, [], None, Json("Health"), get(enrol::health), "Is it up, and who is it?";
        "GET" "/v1/openapi.json", Needs::Nothing, [], None, Foreign, get(openapi::serve), "This document.";
        "POST" "/v1/enrol", Needs::InstallerToken, [], Some("EnrolRequest"), Json("EnrolAnswer"), post(enrol::enrol), "A machine becomes an endpoint.";
        "GET" "/v1/runtime/connect", Needs::EndpointKey, ["organisation", "endpoint"], None, Frames("runtime wire"), get(runtime_socket::connect), "A runtime's connection.";
        "POST" "/local/token", Needs::Nothing, [], Some("TokenRequest"), Json("TokenAnswer"), post(sign_in::token), "Signs in with the local issuer.";
        "GET" "/local/jwks.json", Needs::Nothing, [], None, Foreign, get(sign_in::jwks), "The local issuer's keys (RFC 7517).";
        "GET" "/.well-known/openid-configuration", Needs::Nothing, [], None, Foreign, get(sign_in::discovery), "The local issuer's discovery document.";
        "GET" "/v1/sign-in", Needs::Nothing, [], None, Json("SignInWays"), get(sign_in::ways), "How a person can sign in here.";
        "GET" "/v1/me", Needs::AnyMember, [], None, Json("Me"), get(directory::me), "Who the token says the caller is.";
        "POST" "/v1/devices", Needs::AnyMember, [], Some("RegisterDevice"), Json("DeviceView"), post(directory::register_device), "A console makes its key known.";
        "GET" "/v1/clients", DIRECTORY, [], None, List("ClientView"), get(directory::clients), "Clients.";
        "POST" "/v1/clients", ADMINISTER, [], Some("CreateClient"), Json("ClientView"), post(directory::create_client), "Makes a client.";
        "POST" "/v1/clients/{id}/rename", ADMINISTER, [], Some("RenameClient"), Json("ClientView"), post(directory::rename_client), "Gives a client another name.";
        "GET" "/v1/clients/{id}/mail-contacts", DIRECTORY, [], None, Json("MailContacts"), get(consent::mail_contacts), "Which contacts of a client get e-mail.";
        "PUT" "/v1/clients/{id}/mail-contacts", ADMINISTER, [], Some("MailContacts"), Json("MailContacts"), put(consent::set_mail_contacts), "Sets which contacts of a client get e-mail.";
        "GET" "/a/{token}", Needs::Nothing, [], None, Page, get(link_page::show), "The page behind a link in an e-mail.";
        "POST" "/a/{token}", Needs::Nothing, [], None, Page, post(link_page::take), "Answers an approval request with the number typed into that page.";
        "GET" "/v1/installers", ADMINISTER, [], None, List("InstallerView"), get(directory::installers), "Installer tokens, without their secrets.";
        "POST" "/v1/installers", ADMINISTER, [], Some("CreateInstaller"), Json("InstallerSecret"), post(directory::create_installer), "Makes an installer token.";
        "POST" "/v1/installers/{id}/rotate", ADMINISTER, [], None, Json("InstallerSecret"), post(directory::rotate_installer), "A new secret in place of the old one.";
        "DELETE" "/v1/installers/{id}", ADMINISTER, [], None, Nothing, delete(directory::revoke_installer), "Ends an installer token.";
        "GET" "/v1/endpoints", DIRECTORY, [], None, List("EndpointView"), get(directory::endpoints), "Endpoints.";
        "GET" "/v1/endpoints/{id}", DIRECTORY, [], None, Json("EndpointView"), get(directory::endpoint), "One endpoint.";
        "DELETE" "/v1/endpoints/{id}", ADMINISTER, [], None, Nothing, delete(records::remove), "Takes an endpoint out of service.";
        "GET" "/v1/endpoints/{id}/sendable", DIRECTORY, [], None, Json("Sendable"), get(records::sendable), "Can a call to the runtime be answered right now?";
        "GET" "/v1/endpoints/{id}/entries", RECORDS, ["from?", "limit?"], None, Json("EntriesPage"), get(records::entries), "A run of the log.";
        "GET" "/v1/endpoints/{id}/checkpoint", RECORDS, [], None, Note, get(records::checkpoint), "The newest checkpoint (C2SP tlog-checkpoint).";
        "GET" "/v1/endpoints/{id}/cosignatures", RECORDS, ["from?"], None, Json("CosignedPage"), get(cosign::cosigned), "Checkpoints that others cosigned (C2SP tlog-cosignature).";
        "POST" "/v1/endpoints/{id}/cosignatures", RECORDS, [], Some("Cosign"), Json("CosignedPage"), post(cosign::cosign), "A console cosigns a checkpoint that it has verified.";
        "GET" "/v1/endpoints/{id}/proof/consistency", RECORDS, ["from", "to"], None, Json("ProofAnswer"), get(proof::consistency), "Consistency proof between two sizes.";
        "GET" "/v1/endpoints/{id}/proof/inclusion", RECORDS, ["seq", "size"], None, Json("ProofAnswer"), get(proof::inclusion), "Inclusion proof of one entry.";
        "GET" "/v1/endpoints/{id}/watch", RECORDS, ["from?"], None, Frames("log events"), get(watch_socket::log), "The log's records as they become durable.";
        "POST" "/v1/endpoints/{id}/statements", OPERATE, [], Some("Submit"), Json("Submitted"), post(records::submit), "Places what a console's device signed into the log.";
        "POST" "/v1/endpoints/{id}/erase", ADMINISTER, [], Some("EraseText"), Json("Submitted"), post(records::erase), "Destroys texts of one entry.";
        "GET" "/v1/sessions", RECORDS, ["endpoint?", "client?", "member?", "session?", "from_ms?", "to_ms?"], None, List("SessionView"), get(directory::sessions), "Sessions, newest first.";
        "GET" "/v1/keys", Needs::AnyMember, ["device"], None, Json("KeyEvidence"), get(review::key), "That the organisation's log introduced a device's key.";
        "GET" "/v1/reviews", RECORDS, ["of"], None, List("ReviewView"), get(review::reviews), "Verdicts on a snapshot or on all of a session, with whose key signed each.";
        "POST" "/v1/reviews", RECORDS, [], Some("SubmitReview"), Json("ReviewView"), post(review::submit), "Takes a verdict of somebody who took no part.";
        "GET" "/v1/approvals", DIRECTORY, [], None, List("ApprovalView"), get(consent::approvals), "Approval requests, open ones first.";
        "POST" "/v1/endpoints/{id}/decisions", DECIDE, [], Some("Submit"), Json("Submitted"), post(records::submit), "Places a signed decision about an approval request, or a review of what ran under break-glass.";
        "POST" "/v1/endpoints/{id}/approvals", DIRECTORY, [], Some("AboutApproval"), Json("ApprovalAnswer"), post(consent::about), "Says that a request was delivered or opened, asks again, or looks at it.";
        "GET" "/v1/policies", DIRECTORY, [], None, List("PolicyView"), get(consent::policies), "All versions of all policies.";
        "POST" "/v1/policies", ADMINISTER, [], Some("PublishPolicy"), Json("PolicyView"), post(consent::publish_policy), "Publishes the next version of a policy.";
        "POST" "/v1/policies/check", DIRECTORY, [], Some("PublishPolicy"), Json("PolicyCheck"), post(consent::check_policy), "What publishing it would come to.";
        "GET" "/v1/contacts", DIRECTORY, ["client"], None, Json("ContactChain"), get(consent::contacts), "What a client's contacts have said.";
        "POST" "/v1/contacts", DECIDE, [], Some("ContactSays"), Json("ContactChain"), post(consent::contact_says), "A contact says something for their client.";
        "GET" "/v1/endpoints/{id}/traits", DIRECTORY, [], None, Json("EndpointTraits"), get(consent::traits), "What policies know of an endpoint.";
        "PUT" "/v1/endpoints/{id}/traits", ADMINISTER, [], Some("EndpointTraits"), Nothing, put(consent::set_traits), "Sets what policies know of an endpoint.";
        "PUT" "/v1/packs/{sha256}/{part}", SHARE, [], Some(BYTES), Nothing, put(share::put_part), "Puts a part of a pack that is to be shared.";
        "GET" "/v1/shares", RECORDS, [], None, List("ShareView"), get(share::list), "Share links, without their secrets.";
        "POST" "/v1/shares", SHARE, [], Some("CreateShare"), Json("ShareLink"), post(share::create), "Makes a link for a pack that was put.";
        "POST" "/v1/shares/{id}/refresh", SHARE, [], Some("RefreshShare"), Json("ShareView"), post(share::refresh), "Another pack for the same link.";
        "DELETE" "/v1/shares/{id}", SHARE, [], None, Nothing, delete(share::revoke), "Ends a link.";
        "GET" "/v1/shares/{id}/visits", RECORDS, [], None, List("ShareVisit"), get(share::visits), "A link's view log.";
        "GET" "/s/{token}", Needs::ShareLink, [], None, Page, get(share_page::page), "A shared record, for people.";
        "POST" "/s/{token}", Needs::ShareLink, [], Some(FORM), Page, post(share_page::answer), "The same, behind a passphrase.";
        "GET" "/s/{token}/pack", Needs::ShareLink, ["of?", "grant?"], None, Bytes("application/zip"), get(share_page::pack), "The shared evidence pack.";
        "GET" "/share/{file}", Needs::Nothing, [], None, Bytes("application/octet-stream"), get(share_page::file), "What the page of a shared record is made with.";
        "GET" "/v1/watch", DIRECTORY, [], None, Frames("directory events"), get(watch_socket::directory), "The directory as it changes.";
        "GET" "/v1/admin-log", ADMINISTER, ["from?", "limit?"], None, Json("EntriesPage"), get(records::admin_log), "The organisation's own log.";
    }
}
