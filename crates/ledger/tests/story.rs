//! A log of one endpoint with every kind of entry, built the way a control plane, a runtime and consoles would.

use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::consent::{Approver, Assurance, Request, Terms};
use caisey_ledger::entry::{Actor, Entry, Record, SignedStatement};
use caisey_ledger::event::{
    Channel, Decision, DisconnectReason, Event, Interpreter, Phase, RunOutcome, SessionEnd, Stream, TrustSource, Verdict,
};
use caisey_ledger::hash::Hash;
use caisey_ledger::id::{ActionId, ClientId, Counter, DeviceId, EndpointId, MemberId, OrganisationId, Seq, SessionId, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_ledger::tree::{Frontier, HashStore, NodeAt, leaf_hash};
use ed25519_dalek::{Signer, SigningKey};
use std::collections::BTreeMap;

/// Nodes in memory.
#[derive(Default, Clone)]
pub struct Nodes(pub BTreeMap<NodeAt, Hash>);

impl HashStore for Nodes {
    type Error = NodeAt;
    fn read(&self, nodes: &[NodeAt]) -> Result<Vec<Hash>, NodeAt> {
        nodes.iter().map(|at| self.0.get(at).copied().ok_or(*at)).collect()
    }
}

/// A log in the making, with everybody's keys.
pub struct Story {
    pub log: String,
    pub records: Vec<Record>,
    pub frontier: Frontier,
    pub nodes: Nodes,
    pub control: SigningKey,
    pub endpoint: SigningKey,
    pub technician: SigningKey,
    pub contact: SigningKey,
    counter: u64,
    seeds: u64,
}

pub fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub fn client() -> ClientId {
    ClientId::from_bits([2; 16])
}
pub fn endpoint_id() -> EndpointId {
    EndpointId::from_bits([3; 16])
}
pub fn technician() -> (MemberId, DeviceId) {
    (MemberId::from_bits([4; 16]), DeviceId::from_bits([5; 16]))
}
pub fn contact() -> (MemberId, DeviceId) {
    (MemberId::from_bits([6; 16]), DeviceId::from_bits([7; 16]))
}
pub fn session() -> SessionId {
    SessionId::from_bits([8; 16])
}
pub fn action(number: u8) -> ActionId {
    ActionId::from_bits([number; 16])
}

impl Story {
    pub fn new() -> Self {
        let key = |byte| SigningKey::from_bytes(&[byte; 32]);
        Self {
            log: format!("caisey.example/{}/{}", OrganisationId::from_bits([1; 16]), endpoint_id()),
            records: Vec::new(),
            frontier: Frontier::new(),
            nodes: Nodes::default(),
            control: key(0x11),
            endpoint: key(0x22),
            technician: key(0x33),
            contact: key(0x44),
            counter: 0,
            seeds: 0,
        }
    }

    fn seed(&mut self) -> TextSeed {
        self.seeds += 1;
        TextSeed::from_bytes(Hash::of(&self.seeds.to_be_bytes()).0)
    }

    fn draft(&mut self, actor: Actor, event: &Event, texts: &[(&str, &str)]) -> Draft {
        let at = TimeMs::new(1_780_000_000_000 + 1_000 * self.frontier.size()).unwrap();
        let mut draft = Draft::new(&self.log, at, actor, event).unwrap();
        for (name, text) in texts {
            draft = draft.text(name, *text, self.seed());
        }
        draft
    }

    pub fn append(&mut self, signed: SignedStatement) {
        signed.verify().unwrap();
        let size = self.frontier.size();
        let record = signed
            .into_record(
                Seq::new(size).unwrap(),
                TimeMs::new(1_780_000_000_500 + 1_000 * size).unwrap(),
            )
            .unwrap();
        let nodes = &mut self.nodes.0;
        self.frontier.append_with(leaf_hash(record.leaf.as_bytes()), |at, hash| {
            nodes.insert(at, hash);
        });
        self.records.push(record);
    }

    fn belonging(draft: Draft, within: bool, about: Option<u8>) -> Draft {
        let draft = if within { draft.session(session()) } else { draft };
        about.map_or(draft.clone(), |number| draft.action(action(number)))
    }

    pub fn by_control(&mut self, event: Event, texts: &[(&str, &str)], within: bool, about: Option<u8>) {
        let draft = self.draft(Actor::Control {}, &event, texts);
        self.append(Self::belonging(draft, within, about).unsigned().unwrap());
    }

    pub fn by_endpoint(&mut self, event: Event, texts: &[(&str, &str)], within: bool, about: Option<u8>) {
        let draft = self
            .draft(Actor::Endpoint { id: endpoint_id() }, &event, texts)
            .counter(Counter::new(self.counter).unwrap());
        self.counter += 1;
        let signed = Self::belonging(draft, within, about).sign(&self.endpoint.clone()).unwrap();
        self.append(signed);
    }

    pub fn by_technician(&mut self, event: Event, texts: &[(&str, &str)], within: bool, about: Option<u8>) {
        let (id, device) = technician();
        let draft = self.draft(Actor::Member { id, device }, &event, texts);
        self.append(Self::belonging(draft, within, about).sign(&self.technician.clone()).unwrap());
    }

    pub fn by_agent(&mut self, event: Event, texts: &[(&str, &str)], within: bool, about: Option<u8>) {
        let (on_behalf_of, device) = technician();
        let draft = self.draft(Actor::Agent { on_behalf_of, device }, &event, texts);
        self.append(Self::belonging(draft, within, about).sign(&self.technician.clone()).unwrap());
    }

    pub fn by_contact(&mut self, event: Event, texts: &[(&str, &str)], within: bool, about: Option<u8>) {
        let (id, device) = contact();
        let draft = self.draft(Actor::Contact { id, device }, &event, texts);
        self.append(Self::belonging(draft, within, about).sign(&self.contact.clone()).unwrap());
    }

    pub fn output(&mut self, text: &str, chunk: u64) {
        self.by_endpoint(
            Event::CommandOutput {
                stream: Stream::Stdout,
                chunk,
            },
            &[("output", text)],
            true,
            Some(1),
        );
    }

    pub fn public_key(&self) -> [u8; 32] {
        self.control.verifying_key().to_bytes()
    }

    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            origin: self.log.clone(),
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }

    pub fn note(&self) -> String {
        self.checkpoint()
            .sign(&self.public_key(), |message| self.control.sign(message).to_bytes())
            .unwrap()
    }

    /// Enrolled, keys known, a session open and one action running.
    pub fn begun() -> Self {
        let mut story = Self::new();
        let endpoint_key = base64(story.endpoint.verifying_key().as_bytes());
        let enrolled = Event::EndpointEnrolled {
            key: endpoint_key,
            client: client(),
            os: "linux".into(),
            arch: "x86_64".into(),
            installer: "ins_0000000000000000000000000a".into(),
        };
        story.by_control(enrolled, &[("hostname", "SRV-FILES-01")], false, None);
        story.by_control(
            Event::EndpointConnected {
                elevated: None,
                runtime_version: "0.1.0".into(),
                next_counter: 0,
            },
            &[],
            false,
            None,
        );
        for ((member, device), key, name, role) in [
            (technician(), story.technician.verifying_key(), "John Doe", "technician"),
            (contact(), story.contact.verifying_key(), "Zdeňka Nováková", "contact"),
        ] {
            let event = Event::KeyIntroduced {
                member,
                device,
                key: base64(key.as_bytes()),
                role: role.into(),
            };
            story.by_control(event, &[("name", name)], false, None);
        }
        let opened = Event::SessionOpened { device: technician().1 };
        story.by_technician(opened, &[("purpose", "File server unreachable")], true, None);
        let proposed = Event::ActionProposed {
            interpreter: Interpreter::Sh,
            timeout_ms: 600_000,
            model: None,
        };
        let texts = [
            ("command", "ls -l /srv"),
            ("reason", "see what is there"),
            ("cwd", "/"),
            ("probe", "df /srv"),
        ];
        story.by_technician(proposed, &texts, true, Some(1));
        let authorised = Event::ActionAuthorised {
            policy: "technicians may run commands".into(),
            policy_version: 1,
            channel: Channel::Policy,
            policy_digest: Some("11".repeat(32)),
            class: Some("read_only".into()),
        };
        story.by_control(authorised, &[], true, Some(1));
        let started = Event::CommandStarted {
            pid: 4711,
            interpreter: Interpreter::Sh,
            elevated: false,
        };
        story.by_endpoint(started, &[("cwd", "/"), ("user", "root")], true, Some(1));
        story
    }

    /// A request about the newest entry, which is a proposal.
    fn request(&self) -> Request {
        let entry: Entry = serde_json::from_str(&self.records.last().unwrap().leaf).unwrap();
        let proposal = SignedStatement {
            statement: entry.statement,
            signature: entry.signature,
            disclosures: BTreeMap::new(),
        };
        let terms = Terms {
            before: Some("22".repeat(32)),
            class: "changing".into(),
            policy: "default".into(),
            policy_version: 1,
            approver: Approver::Contact,
            needed: 1,
            assurance: Assurance::Number,
            expires_at_ms: TimeMs::new(1_780_000_600_000).unwrap(),
            nonce: [33; 32],
        };
        Request::about(&proposal, terms).unwrap()
    }

    /// Every kind there is.
    pub fn every_kind() -> Self {
        let mut story = Self::begun();
        let probe = [("probe", "df /srv"), ("state", "/dev/sda1  98% /srv\n")];
        story.by_endpoint(
            Event::StateCaptured {
                phase: Phase::Before,
                exit_code: Some(0),
                complete: true,
            },
            &probe,
            true,
            Some(1),
        );
        story.output("total 4\ndrwxr-xr-x 2 root root 4096 May 27 22:14 payroll \u{10ff9b}[1m\n", 0);
        story.by_endpoint(
            Event::CommandOutput {
                stream: Stream::Stderr,
                chunk: 0,
            },
            &[("output", "")],
            true,
            Some(1),
        );
        let omitted_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned();
        let omitted = Event::CommandOutputOmitted {
            stream: Stream::Stdout,
            omitted_bytes: 1 << 30,
            omitted_sha256,
        };
        story.by_endpoint(omitted, &[], true, Some(1));
        let finished = Event::CommandFinished {
            outcome: RunOutcome::Exited,
            exit_code: Some(-1),
            signal: None,
            duration_ms: 12,
            stdout_bytes: 61,
            stderr_bytes: 0,
        };
        story.by_endpoint(finished, &[("detail", "as expected")], true, Some(1));
        story.by_technician(Event::ChatMessage {}, &[("message", "May I open the firewall?")], true, None);
        story.by_contact(Event::ChatMessage {}, &[("message", "Prosím.")], true, None);
        story.by_technician(Event::NoteAdded {}, &[("note", "rule was set by hand")], true, None);
        let model = Some("some-model-1".to_owned());
        let proposed = Event::ActionProposed {
            interpreter: Interpreter::Pwsh,
            timeout_ms: 1_000,
            model,
        };
        story.by_agent(
            proposed,
            &[("command", "Set-NetFirewallRule …"), ("reason", "the outcome asked for")],
            true,
            Some(2),
        );
        let texts = [
            ("object", "rule 'Block SMB Inbound'"),
            ("current_state", "enabled"),
            ("proposed_action", "disable"),
        ];
        let request = story.request();
        let digest = request.digest().unwrap();
        let requested = Event::ApprovalRequested {
            digest: digest.clone(),
            expires_at_ms: 1_780_000_600_000,
            needed: 1,
            request: Some(Box::new(request)),
        };
        story.by_control(requested, &texts, true, Some(2));
        let delivered = Event::ApprovalDelivered {
            member: contact().0,
            channel: Channel::Console,
        };
        story.by_control(delivered, &[], true, Some(2));
        let acknowledged = Event::ApprovalAcknowledged {
            member: contact().0,
            channel: Channel::Console,
        };
        story.by_control(acknowledged, &[], true, Some(2));
        story.by_control(Event::ApprovalNudged { member: technician().0 }, &[], true, Some(2));
        let answer_refused = Event::ApprovalAnswerRefused {
            code: "own_request".into(),
            member: technician().0,
            decision: Decision::Approved,
        };
        story.by_control(
            answer_refused,
            &[("detail", "nobody approves their own request")],
            true,
            Some(2),
        );
        let decided = Event::ApprovalDecided {
            decision: Decision::Denied,
            member: Some(contact().0),
            channel: Channel::Console,
            digest: Some(digest),
            assurance: Some(Assurance::Number),
            number: Some("4711".into()),
        };
        story.by_contact(decided, &[("reason", "not today")], true, Some(2));
        story.by_control(
            Event::ActionRefused { code: "denied".into() },
            &[("detail", "the contact said no")],
            true,
            Some(2),
        );
        story.by_technician(Event::ActionBreakGlass {}, &[("why", "the ward has no files")], true, Some(2));
        let reviewed = Event::ActionReviewed {
            verdict: Verdict::NotJustified,
        };
        story.by_contact(reviewed, &[("note", "it could have waited")], true, Some(2));
        let trusted = Event::ContactTrusted {
            member: contact().0,
            device: contact().1,
            key: base64(story.contact.verifying_key().as_bytes()),
            source: TrustSource::Enrolment,
            number: 1,
        };
        story.by_endpoint(trusted, &[], false, None);
        let distrusted = Event::ContactDistrusted {
            device: contact().1,
            number: 3,
        };
        story.by_endpoint(distrusted, &[], false, None);
        let floor = Event::ContactFloorSet {
            name: "two-for-deleting".into(),
            class: "destructive".into(),
            needed: 2,
            assurance: Assurance::Number,
            except: vec![Channel::BreakGlass],
            number: 4,
        };
        story.by_endpoint(floor, &[], false, None);
        let ended = Event::ContactFloorEnded {
            name: "two-for-deleting".into(),
            number: 5,
        };
        story.by_endpoint(ended, &[], false, None);
        let refused = Event::ContactRefused {
            code: "unknown_key".into(),
        };
        story.by_endpoint(refused, &[("detail", "nobody known signed it")], false, None);
        story.by_technician(Event::ActionCancelRequested {}, &[], true, Some(1));
        story.by_control(Event::ActionUnknown { next_counter: 6 }, &[], true, Some(1));
        let gap = Event::RecorderGap {
            cause: "disk_full".into(),
            from_ms: 1_780_000_000_000,
            to_ms: 1_780_000_001_000,
        };
        story.by_endpoint(gap, &[("detail", "no room on /var")], false, None);
        story.by_technician(
            Event::SessionClosed {
                reason: SessionEnd::ByTechnician,
            },
            &[],
            true,
            None,
        );
        story.by_control(
            Event::TextErased {
                entry_seq: 9,
                names: vec!["output".into()],
                member: technician().0,
            },
            &[("basis", "GDPR Art. 17")],
            false,
            None,
        );
        story.by_control(
            Event::EndpointDisconnected {
                reason: DisconnectReason::Lost,
            },
            &[],
            false,
            None,
        );
        story.by_control(Event::EndpointRemoved { member: technician().0 }, &[], false, None);
        story
    }
}
