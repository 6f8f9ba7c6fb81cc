//! The Organisation object: devices, clients, installer tokens, enrolment, directory, and isolation of every request.

use crate::sqlite::SqliteStore;
use caisey_control::endpoint::Identity;
use caisey_control::organisation::{OrganisationObject, Reply, Request, SessionFilter, organisation_of_token, read_page};
use caisey_control::port::{Caller, DirectoryChange, Moment};
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{ClientId, EndpointId, InstallerId, OrganisationId, Seq, SessionId, TimeMs};
use caisey_ledger::verify::{Coverage, LogVerifier};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::http::{
    CreateClient, CreateInstaller, DEVICE_CONTEXT, ENROL_CONTEXT, EndpointState, EndpointView, EnrolRequest, RegisterDevice,
    RenameClient, SessionView,
};
use caisey_protocol::role::Role;
use caisey_testkit::dice::Dice;
use caisey_testkit::person::{Person, sign_lines};
use caisey_testkit::plane::CheckpointKey;
use caisey_testkit::runtime::Runtime;
use ed25519_dalek::SigningKey;

pub struct Office {
    pub store: SqliteStore,
    pub object: OrganisationObject,
    pub organisation: OrganisationId,
    pub admin: Person,
    now: u64,
    dice: Dice,
}

impl Office {
    pub fn new() -> Self {
        let (store, organisation) = (SqliteStore::in_memory().unwrap(), OrganisationId::from_bits([1; 16]));
        let object = OrganisationObject::load(&store, organisation.clone(), "caisey.test").unwrap();
        let admin = Person::new(1, &organisation, Role::Admin);
        Self {
            store,
            object,
            organisation,
            admin,
            now: 1_750_000_000_000,
            dice: Dice::new(5),
        }
    }

    pub fn ask(&mut self, request: Request) -> Result<Reply, ErrorCode> {
        let moment = Moment {
            now_ms: TimeMs::new(self.now).unwrap(),
            entropy: self.dice.bytes(),
        };
        let reply = self
            .object
            .handle(&self.store, moment, request)
            .unwrap()
            .map_err(|body| body.code);
        self.object
            .seal(&self.store, &CheckpointKey(SigningKey::from_bytes(&[9; 32])))
            .unwrap();
        reply
    }

    pub fn client(&mut self, number: u8, name: &str) -> ClientId {
        let client = ClientId::from_bits([number; 16]);
        let caller = self.admin.caller();
        self.ask(Request::CreateClient(
            caller,
            CreateClient {
                client: client.clone(),
                name: name.into(),
            },
        ))
        .map(drop)
        .unwrap();
        client
    }

    pub fn token(&mut self, number: u8, client: &ClientId, max_uses: u32) -> String {
        let wanted = create_installer(number, client, self.now + 1_000_000, max_uses);
        let caller = self.admin.caller();
        let Ok(Reply::Installer(secret)) = self.ask(Request::CreateInstaller(caller, wanted)) else {
            panic!()
        };
        secret.token
    }

    pub fn enrol(&mut self, token: &str, runtime: &Runtime) -> Result<Identity, ErrorCode> {
        match self.ask(Request::Enrol(enrol_request(token, runtime))) {
            Ok(Reply::Enrolled(identity)) => Ok(*identity),
            Ok(_) => panic!(),
            Err(code) => Err(code),
        }
    }
}

fn create_installer(number: u8, client: &ClientId, expires_at_ms: u64, max_uses: u32) -> CreateInstaller {
    CreateInstaller {
        installer: InstallerId::from_bits([number; 16]),
        client: client.clone(),
        label: "front desk".into(),
        expires_at_ms: TimeMs::new(expires_at_ms).unwrap(),
        max_uses,
    }
}

fn hex(hash: Hash) -> String {
    hash.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn enrol_request(token: &str, runtime: &Runtime) -> EnrolRequest {
    EnrolRequest {
        version: 1,
        installer_token: token.into(),
        key: runtime.public_key(),
        proof: sign_lines(&runtime.key, &[ENROL_CONTEXT, &hex(Hash::of(token.as_bytes()))]),
        hostname: "FRONT-DESK-2".into(),
        os: "linux".into(),
        arch: "x86_64".into(),
        runtime_version: "0.1.0".into(),
    }
}

pub fn machine(seed: u64) -> Runtime {
    Runtime::new(seed, &EndpointId::from_bits([0; 16]), "unknown yet")
}

fn code<T>(result: Result<T, ErrorCode>) -> ErrorCode {
    result.err().expect("refused")
}

#[test]
fn a_machine_enrols_and_asking_again_is_the_same_endpoint() {
    let mut office = Office::new();
    let client = office.client(1, "Harbor Dental");
    let token = office.token(1, &client, 1);
    assert_eq!(organisation_of_token(&token), Some(office.organisation.clone()));
    let identity = office.enrol(&token, &machine(1)).unwrap();
    assert_eq!(
        identity.log,
        format!("caisey.test/{}/{}", office.organisation, identity.endpoint)
    );
    assert_eq!(
        (identity.client_name.as_str(), identity.client.clone()),
        ("Harbor Dental", client)
    );
    // The token is used up now, and its owner's answer may have been lost.
    assert_eq!(office.enrol(&token, &machine(1)).unwrap(), identity);
    assert_eq!(code(office.enrol(&token, &machine(2))), ErrorCode::InstallerRefused);
    let Ok(Reply::Endpoints(endpoints)) = office.ask(Request::Endpoints(office.admin.caller())) else {
        panic!()
    };
    assert_eq!((endpoints.len(), endpoints[0].state), (1, EndpointState::Pending));
    assert!(
        !everything_stored(&office.store).contains(&token),
        "the token itself is stored nowhere"
    );
}

fn everything_stored(store: &SqliteStore) -> String {
    use caisey_control::store::Store as _;
    let installers = store
        .exec("SELECT installer, label, token_sha256 FROM installers", &[])
        .unwrap();
    let entries = store.exec("SELECT leaf FROM entries", &[]).unwrap();
    let texts = store.exec("SELECT text FROM texts", &[]).unwrap();
    format!("{installers:?}{entries:?}{texts:?}")
}

#[test]
fn tokens_that_are_wrong_expired_revoked_or_rotated_are_refused_alike() {
    let mut office = Office::new();
    let client = office.client(1, "Harbor Dental");
    let caller = office.admin.caller();
    let token = office.token(1, &client, 9);
    let (public, secret) = token.rsplit_once('.').unwrap();
    let other = OrganisationId::from_bits([2; 16]);
    for wrong in [
        format!("{public}.{}", "0".repeat(secret.len())),
        public.to_owned(),
        format!("{token}.x"),
        String::new(),
        "x".repeat(100_000),
        token.replace(office.organisation.as_str(), other.as_str()),
        format!("{}.{}.{secret}", office.organisation, InstallerId::from_bits([7; 16])),
    ] {
        assert_eq!(
            code(office.enrol(&wrong, &machine(1))),
            ErrorCode::InstallerRefused,
            "{}",
            wrong.len()
        );
    }
    let installer = InstallerId::from_bits([1; 16]);
    let Ok(Reply::Installer(rotated)) = office.ask(Request::RotateInstaller(caller.clone(), installer.clone())) else {
        panic!()
    };
    assert_eq!(code(office.enrol(&token, &machine(1))), ErrorCode::InstallerRefused);
    office.enrol(&rotated.token, &machine(1)).unwrap();
    office.now += 1_000_000;
    assert_eq!(
        code(office.enrol(&rotated.token, &machine(2))),
        ErrorCode::InstallerRefused,
        "expired"
    );
    office.now -= 1_000_000;
    office
        .ask(Request::RevokeInstaller(caller.clone(), installer.clone()))
        .map(drop)
        .unwrap();
    assert_eq!(
        code(office.enrol(&rotated.token, &machine(2))),
        ErrorCode::InstallerRefused,
        "revoked"
    );
    assert_eq!(
        code(office.ask(Request::RotateInstaller(caller.clone(), installer))),
        ErrorCode::Conflict
    );
    let again = create_installer(1, &client, office.now + 5, 1);
    assert_eq!(code(office.ask(Request::CreateInstaller(caller, again))), ErrorCode::Conflict);
}

#[test]
fn what_a_machine_says_of_itself_is_checked() {
    let mut office = Office::new();
    let client = office.client(1, "Harbor Dental");
    let token = office.token(1, &client, 9);
    let good = enrol_request(&token, &machine(1));
    let mut tries: Vec<(EnrolRequest, ErrorCode)> = Vec::new();
    for hostname in ["", "a b", "x\u{202E}y", "<script>", &"h".repeat(256), "a\nb"] {
        tries.push((
            EnrolRequest {
                hostname: hostname.into(),
                ..good.clone()
            },
            ErrorCode::BadRequest,
        ));
    }
    tries.push((
        EnrolRequest {
            os: "beos".into(),
            ..good.clone()
        },
        ErrorCode::BadRequest,
    ));
    tries.push((
        EnrolRequest {
            arch: "x 86".into(),
            ..good.clone()
        },
        ErrorCode::BadRequest,
    ));
    tries.push((
        EnrolRequest {
            runtime_version: String::new(),
            ..good.clone()
        },
        ErrorCode::BadRequest,
    ));
    tries.push((
        EnrolRequest {
            version: 2,
            ..good.clone()
        },
        ErrorCode::UnsupportedVersion,
    ));
    tries.push((
        EnrolRequest {
            proof: enrol_request("other", &machine(1)).proof,
            ..good.clone()
        },
        ErrorCode::BadSignature,
    ));
    tries.push((
        EnrolRequest {
            key: machine(2).public_key(),
            ..good.clone()
        },
        ErrorCode::BadSignature,
    ));
    // The neutral point verifies everything if one lets it.
    tries.push((
        EnrolRequest {
            key: Hash([&[1], [0; 31].as_slice()].concat().try_into().unwrap()).to_base64(),
            ..good.clone()
        },
        ErrorCode::BadSignature,
    ));
    tries.push((
        EnrolRequest {
            key: "?".into(),
            ..good.clone()
        },
        ErrorCode::BadSignature,
    ));
    for (wanted, expected) in tries {
        assert_eq!(code(office.ask(Request::Enrol(wanted))), expected);
    }
    office.ask(Request::Enrol(good)).map(drop).unwrap();
}

#[test]
fn a_device_belongs_to_who_proved_its_key() {
    let mut office = Office::new();
    let (robin, other) = (
        Person::new(7, &office.organisation, Role::Technician),
        Person::new(8, &office.organisation, Role::Auditor),
    );
    let wanted = |owner: &Person, signer: &Person| RegisterDevice {
        key: signer.public_key(),
        label: "laptop".into(),
        proof: signer.sign_lines(&[DEVICE_CONTEXT, owner.member.as_str()]),
    };
    let Ok(Reply::Device(first)) = office.ask(Request::RegisterDevice(robin.caller(), wanted(&robin, &robin))) else {
        panic!()
    };
    let Ok(Reply::Device(again)) = office.ask(Request::RegisterDevice(robin.caller(), wanted(&robin, &robin))) else {
        panic!()
    };
    assert_eq!(first, again);
    // Somebody else's proof, replayed; and a good proof for a key that is taken.
    assert_eq!(
        code(office.ask(Request::RegisterDevice(other.caller(), wanted(&robin, &robin)))),
        ErrorCode::BadSignature
    );
    assert_eq!(
        code(office.ask(Request::RegisterDevice(other.caller(), wanted(&other, &robin)))),
        ErrorCode::Conflict
    );
    let unlabelled = RegisterDevice {
        label: " \u{202E}".into(),
        ..wanted(&other, &other)
    };
    assert_eq!(
        code(office.ask(Request::RegisterDevice(other.caller(), unlabelled))),
        ErrorCode::BadRequest
    );
    let find = |caller| Request::FindDevice(caller, robin.public_key());
    assert!(matches!(office.ask(find(robin.caller())), Ok(Reply::FoundDevice(Some(found), _)) if found == first));
    assert!(matches!(office.ask(find(other.caller())), Ok(Reply::FoundDevice(None, _))));
}

/// Every request that names a caller.
fn every_request(caller: &Caller, client: &ClientId, endpoint: &EndpointId, now: u64) -> Vec<Request> {
    let key = "AAAA".to_owned();
    let device = RegisterDevice {
        key: key.clone(),
        label: "x".into(),
        proof: key.clone(),
    };
    let installer = InstallerId::from_bits([1; 16]);
    vec![
        Request::RegisterDevice(caller.clone(), device),
        Request::FindDevice(caller.clone(), key),
        Request::Clients(caller.clone()),
        Request::CreateClient(
            caller.clone(),
            CreateClient {
                client: ClientId::from_bits([44; 16]),
                name: "x".into(),
            },
        ),
        Request::RenameClient(caller.clone(), client.clone(), RenameClient { name: "y".into() }),
        Request::Installers(caller.clone()),
        Request::CreateInstaller(caller.clone(), create_installer(44, client, now + 5, 1)),
        Request::RotateInstaller(caller.clone(), installer.clone()),
        Request::RevokeInstaller(caller.clone(), installer),
        Request::Endpoints(caller.clone()),
        Request::Endpoint(caller.clone(), endpoint.clone()),
        Request::Sessions(caller.clone(), SessionFilter::default()),
    ]
}

#[test]
fn another_organisations_caller_finds_nothing_by_any_request() {
    let mut office = Office::new();
    let client = office.client(1, "Harbor Dental");
    let token = office.token(1, &client, 9);
    let endpoint = office.enrol(&token, &machine(1)).unwrap().endpoint;
    let before = read_page(&office.store, Seq::default(), 100).unwrap();
    for role in [
        Role::Owner,
        Role::Admin,
        Role::Technician,
        Role::Dispatcher,
        Role::Auditor,
        Role::Contact,
    ] {
        let mut stranger = Person::new(66, &OrganisationId::from_bits([2; 16]), role);
        stranger.client = (role == Role::Contact).then(|| client.clone());
        for request in every_request(&stranger.caller(), &client, &endpoint, office.now) {
            assert_eq!(code(office.ask(request)), ErrorCode::NotFound);
        }
    }
    assert_eq!(read_page(&office.store, Seq::default(), 100).unwrap(), before);
}

#[test]
fn only_administrators_change_anything() {
    let mut office = Office::new();
    let client = office.client(1, "Harbor Dental");
    let token = office.token(1, &client, 9);
    let endpoint = office.enrol(&token, &machine(1)).unwrap().endpoint;
    for role in [Role::Technician, Role::Dispatcher, Role::Auditor, Role::Contact] {
        let mut person = Person::new(66, &office.organisation, role);
        person.client = (role == Role::Contact).then(|| client.clone());
        let requests = every_request(&person.caller(), &client, &endpoint, office.now);
        let answers: Vec<_> = requests.into_iter().map(|request| office.ask(request).err()).collect();
        let forbidden = Some(ErrorCode::Forbidden);
        assert_eq!(answers[3..9], [forbidden; 6], "{role:?}");
        assert_eq!(answers[9..], [None, None, None], "{role:?}");
    }
}

#[test]
fn a_contact_sees_one_client() {
    let mut office = Office::new();
    let (ours, theirs) = (office.client(1, "Harbor Dental"), office.client(2, "Somebody Else"));
    let (our_token, their_token) = (office.token(1, &ours, 9), office.token(2, &theirs, 9));
    let (here, there) = (
        office.enrol(&our_token, &machine(1)).unwrap(),
        office.enrol(&their_token, &machine(2)).unwrap(),
    );
    for (number, identity) in [(1, &here), (2, &there)] {
        office
            .ask(Request::Directory(DirectoryChange::Session(session_view(
                number, identity, 5,
            ))))
            .map(drop)
            .unwrap();
    }
    let mut contact = Person::new(66, &office.organisation, Role::Contact);
    contact.client = Some(ours.clone());
    let caller = contact.caller();
    assert!(
        matches!(office.ask(Request::Clients(caller.clone())), Ok(Reply::Clients(seen)) if seen.len() == 1 && seen[0].client == ours)
    );
    assert!(
        matches!(office.ask(Request::Endpoints(caller.clone())), Ok(Reply::Endpoints(seen)) if seen.len() == 1 && seen[0].client == ours)
    );
    assert!(office.ask(Request::Endpoint(caller.clone(), here.endpoint)).is_ok());
    assert_eq!(
        code(office.ask(Request::Endpoint(caller.clone(), there.endpoint.clone()))),
        ErrorCode::NotFound
    );
    for filter in [
        SessionFilter::default(),
        SessionFilter {
            client: Some(theirs),
            ..SessionFilter::default()
        },
        SessionFilter {
            endpoint: Some(there.endpoint),
            ..SessionFilter::default()
        },
        SessionFilter {
            session: Some(SessionId::from_bits([2; 16])),
            ..SessionFilter::default()
        },
    ] {
        let Ok(Reply::Sessions(seen)) = office.ask(Request::Sessions(caller.clone(), filter)) else {
            panic!()
        };
        assert!(seen.iter().all(|session| session.client == ours));
    }
    contact.client = None;
    assert_eq!(code(office.ask(Request::Endpoints(contact.caller()))), ErrorCode::Forbidden);
    let mut bound = Person::new(67, &office.organisation, Role::Owner);
    bound.client = Some(ours);
    assert_eq!(
        code(office.ask(Request::Endpoints(bound.caller()))),
        ErrorCode::Forbidden,
        "only contacts are bound to a client"
    );
}

fn session_view(number: u8, identity: &Identity, opened_at: u64) -> SessionView {
    SessionView {
        session: SessionId::from_bits([number; 16]),
        endpoint: identity.endpoint.clone(),
        client: identity.client.clone(),
        member: Person::new(3, &identity.organisation, Role::Technician).member,
        member_name: "Robin".into(),
        opened_at_ms: TimeMs::new(opened_at).unwrap(),
        closed_at_ms: None,
        first_seq: Seq::default(),
        last_seq: None,
        actions: 0,
    }
}

#[test]
fn the_directory_follows_reports_and_keeps_what_was_fixed() {
    let mut office = Office::new();
    let client = office.client(1, "Harbor Dental");
    let token = office.token(1, &client, 9);
    let identity = office.enrol(&token, &machine(1)).unwrap();
    let caller = office.admin.caller();
    let Ok(Reply::Endpoint(view)) = office.ask(Request::Endpoint(caller.clone(), identity.endpoint.clone())) else {
        panic!()
    };
    let report = EndpointView {
        state: EndpointState::Ready,
        log_size: 7,
        hostname: "EVIL".into(),
        ..(*view).clone()
    };
    office
        .ask(Request::Directory(DirectoryChange::Endpoint(report)))
        .map(drop)
        .unwrap();
    let Ok(Reply::Endpoint(now)) = office.ask(Request::Endpoint(caller.clone(), identity.endpoint.clone())) else {
        panic!()
    };
    assert_eq!(
        *now,
        EndpointView {
            state: EndpointState::Ready,
            log_size: 7,
            ..*view
        }
    );
    for (number, opened_at) in [(1, 10), (2, 30), (3, 20)] {
        office
            .ask(Request::Directory(DirectoryChange::Session(session_view(
                number, &identity, opened_at,
            ))))
            .map(drop)
            .unwrap();
    }
    let closed = SessionView {
        closed_at_ms: TimeMs::new(40),
        last_seq: Seq::new(9),
        actions: 2,
        ..session_view(2, &identity, 30)
    };
    for _ in 0..2 {
        office
            .ask(Request::Directory(DirectoryChange::Session(closed.clone())))
            .map(drop)
            .unwrap();
    }
    let mut elsewhere = identity.clone();
    elsewhere.endpoint = EndpointId::from_bits([77; 16]);
    office
        .ask(Request::Directory(DirectoryChange::Session(session_view(9, &elsewhere, 50))))
        .map(drop)
        .unwrap();
    let mut sessions = |filter| match office.ask(Request::Sessions(caller.clone(), filter)) {
        Ok(Reply::Sessions(found)) => found,
        _ => panic!(),
    };
    let all = sessions(SessionFilter::default());
    assert_eq!(
        all.iter().map(|session| session.opened_at_ms.get()).collect::<Vec<_>>(),
        [30, 20, 10]
    );
    assert_eq!(all[0], closed);
    let some = sessions(SessionFilter {
        from_ms: TimeMs::new(20),
        to_ms: TimeMs::new(30),
        ..SessionFilter::default()
    });
    assert_eq!(some.len(), 1);
    let gone = EndpointView {
        state: EndpointState::Removing,
        ..*now
    };
    for _ in 0..2 {
        office
            .ask(Request::Directory(DirectoryChange::Endpoint(gone.clone())))
            .map(drop)
            .unwrap();
    }
    assert_eq!(
        code(office.enrol(&token, &machine(1))),
        ErrorCode::Conflict,
        "a removed machine's key is worth nothing"
    );
    let page = read_page(&office.store, Seq::default(), 100).unwrap().unwrap();
    assert_eq!(
        page.records
            .iter()
            .filter(|record| record.leaf.contains("endpoint.left"))
            .count(),
        1
    );
}

#[test]
fn the_organisations_log_verifies_and_goes_on_after_loading() {
    let mut office = Office::new();
    let client = office.client(1, "Harbor Dental");
    office.object = OrganisationObject::load(&office.store, office.organisation.clone(), "caisey.test").unwrap();
    let token = office.token(1, &client, 9);
    office.enrol(&token, &machine(1)).unwrap();
    let page = read_page(&office.store, Seq::default(), 100).unwrap().unwrap();
    let origin = format!("caisey.test/{}", office.organisation);
    let mut verifier = LogVerifier::new(&origin);
    let outcome = verifier.accept_batch(&page.records);
    assert!(outcome.fault.is_none(), "{:?}", outcome.fault);
    let kinds: Vec<_> = outcome
        .accepted
        .iter()
        .map(|accepted| accepted.entry.statement.kind.as_str())
        .collect();
    assert_eq!(kinds, ["client.created", "installer.created", "endpoint.joined"]);
    let key = SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes();
    assert!(matches!(
        verifier.check_checkpoint(&page.checkpoint, &key),
        Ok(Coverage::Exact(_))
    ));
    assert_eq!(Checkpoint::read(&page.checkpoint).unwrap().size, 3);
    assert!(
        OrganisationObject::load(&office.store, office.organisation.clone(), "other.test").is_err(),
        "another authority's log"
    );
}

/// One entry of every kind, from fixed keys, times and randomness. Set `CAISEY_WRITE_VECTORS` to write the file after a deliberate
/// change of the format.
#[test]
fn admin_log_format_unchanged() {
    let mut office = Office::new();
    let client = office.client(1, "Harbor Dental");
    let robin = Person::new(7, &office.organisation, Role::Technician);
    let device = RegisterDevice {
        key: robin.public_key(),
        label: "laptop".into(),
        proof: robin.sign_lines(&[DEVICE_CONTEXT, robin.member.as_str()]),
    };
    office.ask(Request::RegisterDevice(robin.caller(), device)).map(drop).unwrap();
    let token = office.token(1, &client, 9);
    let identity = office.enrol(&token, &machine(1)).unwrap();
    let (caller, installer) = (office.admin.caller(), InstallerId::from_bits([1; 16]));
    office
        .ask(Request::RotateInstaller(caller.clone(), installer.clone()))
        .map(drop)
        .unwrap();
    office
        .ask(Request::RevokeInstaller(caller.clone(), installer))
        .map(drop)
        .unwrap();
    let Ok(Reply::Endpoint(view)) = office.ask(Request::Endpoint(caller, identity.endpoint)) else {
        panic!()
    };
    let gone = EndpointView {
        state: EndpointState::Removing,
        ..*view
    };
    office
        .ask(Request::Directory(DirectoryChange::Endpoint(gone)))
        .map(drop)
        .unwrap();
    crate::reviews::reviewed(&mut office, &robin);
    let page = read_page(&office.store, Seq::default(), 100).unwrap().unwrap();
    let found: String = page.records.iter().map(|record| format!("{}\n", record.leaf)).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/admin-log.jsonl");
    if std::env::var_os("CAISEY_WRITE_VECTORS").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(path).unwrap());
}
