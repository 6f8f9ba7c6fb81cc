//! What a contact is asked and answers, and what a requester hears, against a scripted control plane that may lie.

use crate::plane::{Plane, refusal, small_log, until};
use crate::ports::{MemoryKeyStore, open};
use caisey_console::view::{ApprovalRow, ConsoleEvent, NewFloor, NewStanding, PromptNotice, Verdict};
use caisey_console::{Console, ConsoleError};
use caisey_ledger::consent::{Approver, Assurance, ContactSaid, Request, Terms, verify_decision};
use caisey_ledger::entry::{Actor, SignedStatement};
use caisey_ledger::event::{Decision, Event, Interpreter};
use caisey_ledger::id::{ActionId, DeviceId, MemberId, SessionId, TimeMs};
use caisey_ledger::statement::Draft;
use caisey_ledger::text::TextSeed;
use caisey_protocol::consent::{ApprovalState, ApprovalView, ApprovalWord, ContactKeyView, Prompt};
use caisey_protocol::error::ErrorCode;
use caisey_protocol::role::Role;
use ed25519_dalek::SigningKey;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

const COMMAND: &str = "nft delete rule inet filter input handle 7";

struct Scene {
    console: Console,
    plane: Plane,
    keys: Arc<MemoryKeyStore>,
    folder: TempDir,
}

fn time(ms: u64) -> TimeMs {
    TimeMs::new(ms).unwrap()
}

fn soon() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as u64 + 600_000
}

/// A control plane on which a contact of the log's client signs in.
async fn contact() -> Scene {
    let (log, _) = small_log(1);
    let client = log.client.clone();
    let plane = Plane::start(vec![log]).await;
    plane.change(|script| script.role = (Role::Contact, Some(client)));
    let folder = tempfile::tempdir().unwrap();
    let keys = Arc::new(MemoryKeyStore::default());
    let console = open(folder.path(), &keys).await;
    Scene {
        console,
        plane,
        keys,
        folder,
    }
}

fn proposal(origin: &str, number: u8, command: &str) -> SignedStatement {
    let actor = Actor::Member {
        id: MemberId::from_bits([77; 16]),
        device: DeviceId::from_bits([78; 16]),
    };
    let event = Event::ActionProposed {
        interpreter: Interpreter::Sh,
        timeout_ms: 60_000,
        model: None,
    };
    Draft::new(origin, time(1_000), actor, &event)
        .unwrap()
        .session(SessionId::from_bits([number; 16]))
        .action(ActionId::from_bits([number; 16]))
        .text("command", command, TextSeed::from_bytes([number; 32]))
        .text("reason", "shares are unreachable", TextSeed::from_bytes([number + 1; 32]))
        .sign(&SigningKey::from_bytes(&[9; 32]))
        .unwrap()
}

/// A sound request by somebody else, of the client's contacts.
fn asked(plane: &Plane, number: u8, assurance: Assurance) -> ApprovalView {
    asked_about(plane, number, assurance, COMMAND, "changing")
}

/// The same about this command, which the control plane says to be of this class.
fn asked_about(plane: &Plane, number: u8, assurance: Assurance, command: &str, class: &str) -> ApprovalView {
    let mut script = plane.script.lock().unwrap();
    let log = script.log();
    let proposal = proposal(&log.origin(), number, command);
    let terms = Terms {
        before: None,
        class: class.to_owned(),
        policy: "default".to_owned(),
        policy_version: 1,
        approver: Approver::Contact,
        needed: 1,
        assurance,
        expires_at_ms: time(soon()),
        nonce: [number; 32],
    };
    let request = Request::about(&proposal, terms).unwrap();
    ApprovalView {
        endpoint: log.endpoint.clone(),
        hostname: "SRV-FILES-01".to_owned(),
        client: log.client.clone(),
        client_name: "Contoso".to_owned(),
        session: request.session.clone(),
        action: request.action.clone(),
        proposal_seq: Default::default(),
        state: ApprovalState::Pending,
        requester: MemberId::from_bits([77; 16]),
        requester_name: "John Doe".to_owned(),
        digest: request.digest().unwrap(),
        class: request.class.clone(),
        policy: request.policy.clone(),
        policy_version: 1,
        approver: Approver::Contact,
        needed: 1,
        assurance,
        asked_at_ms: time(1_000),
        expires_at_ms: request.expires_at_ms,
        delivered: Vec::new(),
        acknowledged: Vec::new(),
        approved_by: Vec::new(),
        denied_by: None,
        nudges: 0,
        emergency: false,
        review_due: false,
        mails: Vec::new(),
        prompt: Some(Box::new(Prompt {
            request,
            proposal,
            object: "nftables rule ‘block smb’".to_owned(),
            current_state: "enabled".to_owned(),
            proposed_action: "disable".to_owned(),
        })),
    }
}

fn verdict(approve: bool, number: Option<&str>) -> Verdict {
    Verdict {
        approve,
        number: number.map(str::to_owned),
        reason: String::new(),
    }
}

async fn row(console: &Console, action: &ActionId) -> Option<ApprovalRow> {
    let inbox = console.inbox().await.unwrap();
    inbox.rows.into_iter().find(|row| row.action == action.as_str())
}

async fn prompts(events: &mut Receiver<ConsoleEvent>, within: Duration) -> Vec<String> {
    notices(events, within).await.into_iter().map(|notice| notice.text).collect()
}

async fn notices(events: &mut Receiver<ConsoleEvent>, within: Duration) -> Vec<PromptNotice> {
    let mut notices = Vec::new();
    let _ = tokio::time::timeout(within, async {
        while let Ok(event) = events.recv().await {
            if let ConsoleEvent::Prompt(prompt) = event {
                notices.push(*prompt);
            }
        }
    })
    .await;
    notices
}

#[tokio::test]
async fn a_request_is_told_once_in_the_products_words_and_answered_with_the_devices_key() {
    let scene = contact().await;
    let mut events = scene.console.subscribe();
    let view = asked(&scene.plane, 5, Assurance::Signed);
    let action = view.action.clone();
    scene.plane.change(|script| script.approvals.push(view.clone()));
    scene.plane.sign_in(&scene.console).await;
    assert_eq!(
        prompts(&mut events, Duration::from_millis(1_500)).await,
        [
            "Technician John Doe requests permission to delete or overwrite nftables rule ‘block smb’ on SRV-FILES-01. Current state: enabled. \
             Proposed action: disable.\nCommand: nft delete rule inet filter input handle 7"
        ]
    );
    until("the request is said to be delivered", async || {
        let script = scene.plane.script.lock().unwrap();
        script
            .about
            .iter()
            .any(|about| about.what == ApprovalWord::Delivered)
            .then_some(())
    })
    .await;
    let detail = scene.console.approval(action.as_str()).await.unwrap();
    assert_eq!(detail.command.unwrap().text.as_deref(), Some(COMMAND));
    assert!(detail.row.for_me && !detail.row.mine);
    until("the requester learns that it is open", async || {
        let script = scene.plane.script.lock().unwrap();
        script
            .about
            .iter()
            .any(|about| about.what == ApprovalWord::Acknowledged)
            .then_some(())
    })
    .await;

    // Nothing is shown twice, however often it is told.
    scene.plane.change(|_| ());
    assert!(prompts(&mut events, Duration::from_millis(500)).await.is_empty());
    scene.plane.change(|script| script.approvals[0].nudges = 1);
    assert_eq!(prompts(&mut events, Duration::from_millis(700)).await.len(), 1);

    let answered = scene.console.decide(action.as_str(), verdict(true, None)).await.unwrap();
    assert_eq!((answered.answer.as_deref(), answered.answer_sent), (Some("approved"), true));
    let (answer, chain, organisation) = {
        let mut script = scene.plane.script.lock().unwrap();
        let organisation = script.log().organisation.clone();
        (script.answers[0].statement.clone(), script.chain.0.clone(), organisation)
    };
    // The first contact introduced their own key, and it is the one that signed.
    let trust = caisey_ledger::consent::Trust::replay(&organisation, &view.client, &chain).unwrap();
    let request = &view.prompt.as_ref().unwrap().request;
    let (decision, _) = verify_decision(&trust, request, &answer).unwrap();
    assert_eq!(decision, Decision::Approved);
    assert!(scene.console.decide(action.as_str(), verdict(false, None)).await.is_err());
}

#[tokio::test]
async fn a_restart_shows_nothing_twice_and_sends_what_was_stored() {
    let scene = contact().await;
    let view = asked(&scene.plane, 6, Assurance::Signed);
    let action = view.action.clone();
    scene.plane.change(|script| script.approvals.push(view));
    scene.plane.sign_in(&scene.console).await;
    until("the request is stored", async || row(&scene.console, &action).await).await;
    scene.plane.stop().await;
    let answered = scene.console.decide(action.as_str(), verdict(false, None)).await.unwrap();
    assert_eq!((answered.answer.as_deref(), answered.answer_sent), (Some("denied"), false));
    scene.console.shut_down().await;
    assert!(scene.plane.script.lock().unwrap().answers.is_empty());

    scene.plane.resume().await;
    let console = open(scene.folder.path(), &scene.keys).await;
    let mut events = console.subscribe();
    scene.plane.sign_in(&console).await;
    until("the stored answer is sent", async || {
        (!scene.plane.script.lock().unwrap().answers.is_empty()).then_some(())
    })
    .await;
    assert!(prompts(&mut events, Duration::from_millis(500)).await.is_empty());
    until("it is settled", async || {
        row(&console, &action).await.filter(|row| row.answer_sent)
    })
    .await;
    assert_eq!(scene.plane.script.lock().unwrap().answers.len(), 1);
}

#[tokio::test]
async fn what_waits_after_a_restart_is_told_once_and_not_asked_again() {
    let scene = contact().await;
    let (first, second) = (
        asked(&scene.plane, 7, Assurance::Signed),
        asked(&scene.plane, 8, Assurance::Signed),
    );
    let oldest = first.action.clone();
    scene.plane.change(|script| script.approvals.push(first));
    let mut events = scene.console.subscribe();
    scene.plane.sign_in(&scene.console).await;
    assert_eq!(prompts(&mut events, Duration::from_secs(3)).await.len(), 1);
    scene.console.shut_down().await;
    // A second one comes while nobody is there: that one is asked, the first one is told of.
    scene.plane.change(|script| script.approvals.push(second));
    let console = open(scene.folder.path(), &scene.keys).await;
    let mut events = console.subscribe();
    scene.plane.sign_in(&console).await;
    let (mut told, mut asked) = (Vec::new(), 0);
    let _ = tokio::time::timeout(Duration::from_secs(2), async {
        while let Ok(event) = events.recv().await {
            match event {
                ConsoleEvent::Outcome(notice) => told.push(notice),
                ConsoleEvent::Prompt(_) => asked += 1,
                _ => {}
            }
        }
    })
    .await;
    assert_eq!((asked, told.len()), (1, 1), "{told:?}");
    assert_eq!(told[0].action, oldest.as_str());
    assert!(told[0].title.starts_with("A request waits for your answer: "), "{told:?}");
    // Connected again, nothing is said once more.
    scene.plane.stop().await;
    scene.plane.resume().await;
    let again = tokio::time::timeout(Duration::from_secs(2), async {
        loop {
            if let Ok(ConsoleEvent::Outcome(notice)) = events.recv().await {
                return notice;
            }
        }
    })
    .await;
    assert!(again.is_err(), "{again:?}");
}

#[tokio::test]
async fn a_wrong_number_may_be_typed_again_and_none_is_asked_for() {
    let scene = contact().await;
    let view = asked(&scene.plane, 7, Assurance::Number);
    let action = view.action.clone();
    scene.plane.change(|script| {
        script.approvals.push(view);
        script.refuse_answers = Some(refusal(
            ErrorCode::Conflict,
            "The number is not the one that the technician sees.",
        ));
    });
    scene.plane.sign_in(&scene.console).await;
    until("the request is stored", async || row(&scene.console, &action).await).await;
    let without = scene.console.decide(action.as_str(), verdict(true, None)).await;
    assert!(matches!(without, Err(ConsoleError::Invalid(_))));
    let wrong = scene
        .console
        .decide(action.as_str(), verdict(true, Some("123 456")))
        .await
        .unwrap();
    assert!(wrong.refusal.unwrap().contains("not the one"));
    assert_eq!(wrong.answer, None);
    scene.plane.change(|script| script.refuse_answers = None);
    let right = scene
        .console
        .decide(action.as_str(), verdict(true, Some("471-100")))
        .await
        .unwrap();
    assert_eq!((right.answer.as_deref(), right.refusal), (Some("approved"), None));
    let answers = scene.plane.script.lock().unwrap().answers.clone();
    // The wrong one was sent once.
    assert_eq!(answers.len(), 2);
    let facts = &answers[1].statement.statement.facts;
    assert_eq!(
        (facts["number"].as_str(), facts["assurance"].as_str()),
        (Some("471100"), Some("number"))
    );
}

#[tokio::test]
async fn a_request_that_lies_is_never_asked() {
    type Lie = fn(&mut ApprovalView);
    let lies: [(&str, Lie); 5] = [
        ("another command under the same signature", |view| {
            let other = proposal(&view.prompt.as_ref().unwrap().request.log, 8, "rm -rf /");
            view.prompt.as_mut().unwrap().proposal.disclosures = other.disclosures;
        }),
        ("another digest", |view| view.digest = "00".repeat(32)),
        ("a longer life", |view| view.expires_at_ms = time(soon() + 1)),
        ("another technician", |view| view.requester = MemberId::from_bits([1; 16])),
        ("a hidden command", |view| {
            view.prompt.as_mut().unwrap().proposal.disclosures.remove("command");
        }),
    ];
    for (what, lie) in lies {
        let scene = contact().await;
        let mut events = scene.console.subscribe();
        let mut view = asked(&scene.plane, 8, Assurance::Signed);
        lie(&mut view);
        let action = view.action.clone();
        scene.plane.change(|script| script.approvals.push(view));
        scene.plane.sign_in(&scene.console).await;
        let row = until("it is listed", async || row(&scene.console, &action).await).await;
        assert!(row.fault.is_some() && !row.for_me, "{what}");
        assert!(prompts(&mut events, Duration::from_millis(200)).await.is_empty(), "{what}");
        assert!(
            matches!(
                scene.console.decide(action.as_str(), verdict(true, None)).await,
                Err(ConsoleError::Untrusted(_))
            ),
            "{what}"
        );
        let notices = scene.console.overview().await.unwrap().notices;
        assert!(notices.iter().any(|notice| notice.code == "request_unsound"), "{what}");
    }
}

/// A control plane may call a command what it likes; this console reads the command itself.
#[tokio::test]
async fn a_class_that_plays_a_command_down_is_not_repeated_and_takes_more_than_one_press() {
    for (number, command, told, says, one_press) in [
        (21, "touch /srv/shares/flag", "changing", "to modify", true),
        (22, "rm -rf /srv/shares", "read_only", "to delete or overwrite", false),
        (23, "rm -rf /srv/shares", "destructive", "to delete or overwrite", false),
        (
            24,
            "sh \"$UPDATE\"",
            "changing",
            "to run a command that cannot be bounded",
            false,
        ),
    ] {
        let scene = contact().await;
        let mut events = scene.console.subscribe();
        let mut view = asked_about(&scene.plane, number, Assurance::Signed, command, told);
        view.prompt.as_mut().unwrap().object = "/srv/shares".to_owned();
        scene.plane.change(|script| script.approvals.push(view));
        scene.plane.sign_in(&scene.console).await;
        let notices = notices(&mut events, Duration::from_millis(700)).await;
        let [prompt] = notices.as_slice() else {
            panic!("{command}: {notices:?}")
        };
        assert!(prompt.text.contains(says), "{}", prompt.text);
        assert_eq!(prompt.can_approve, one_press, "{command} as {told}");
    }
}

#[tokio::test]
async fn nobody_is_asked_before_the_command_is_here() {
    let scene = contact().await;
    let mut events = scene.console.subscribe();
    let view = asked(&scene.plane, 10, Assurance::Signed);
    let action = view.action.clone();
    let listed = ApprovalView {
        prompt: None,
        ..view.clone()
    };
    scene.plane.change(|script| script.approvals.push(listed));
    scene.plane.sign_in(&scene.console).await;
    assert!(prompts(&mut events, Duration::from_millis(500)).await.is_empty());
    assert!(row(&scene.console, &action).await.is_none());
    scene.plane.change(|script| script.approvals[0] = view);
    assert_eq!(prompts(&mut events, Duration::from_millis(700)).await.len(), 1);
    // A list without it later takes nothing away.
    scene.plane.change(|script| script.approvals[0].prompt = None);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(
        row(&scene.console, &action)
            .await
            .is_some_and(|row| row.for_me && row.fault.is_none())
    );
}

#[tokio::test]
async fn who_asked_sees_the_number_and_hears_of_the_end_once() {
    let (log, _) = small_log(1);
    let me = log.member.clone();
    let plane = Plane::start(vec![log]).await;
    let folder = tempfile::tempdir().unwrap();
    let keys = Arc::new(MemoryKeyStore::default());
    let console = open(folder.path(), &keys).await;
    let mut view = asked(&plane, 9, Assurance::Number);
    view.requester = me;
    let action = view.action.clone();
    plane.change(|script| script.approvals.push(view));
    plane.sign_in(&console).await;
    let seen = until("the number is here", async || {
        row(&console, &action)
            .await
            .filter(|row| row.number.as_deref() == Some("471100"))
    })
    .await;
    assert!(seen.mine && !seen.for_me);
    let mut events = console.subscribe();
    plane.change(|script| {
        let view = &mut script.approvals[0];
        view.state = ApprovalState::Approved;
        view.prompt = None;
    });
    plane.change(|_| ());
    let mut outcomes = 0;
    let _ = tokio::time::timeout(Duration::from_millis(800), async {
        while let Ok(event) = events.recv().await {
            outcomes += u32::from(matches!(event, ConsoleEvent::Outcome(_)));
        }
    })
    .await;
    assert_eq!(outcomes, 1);
    // An end is an end, whatever overtakes it.
    plane.change(|script| script.approvals[0].state = ApprovalState::Delivered);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(row(&console, &action).await.unwrap().state, "approved");
}

#[tokio::test]
async fn who_asked_hears_who_said_no() {
    let (log, _) = small_log(1);
    let me = log.member.clone();
    let plane = Plane::start(vec![log]).await;
    let folder = tempfile::tempdir().unwrap();
    let console = open(folder.path(), &Arc::new(MemoryKeyStore::default())).await;
    let mut view = asked(&plane, 9, Assurance::Signed);
    view.requester = me;
    let action = view.action.clone();
    plane.change(|script| script.approvals.push(view));
    plane.sign_in(&console).await;
    until("it is listed", async || row(&console, &action).await).await;
    let mut events = console.subscribe();
    plane.change(|script| {
        let view = &mut script.approvals[0];
        view.state = ApprovalState::Denied;
        view.denied_by = Some(MemberId::from_bits([77; 16]));
        view.prompt = None;
    });
    let told = until("the end is told", async || match events.recv().await {
        Ok(ConsoleEvent::Outcome(outcome)) => Some(outcome.text),
        _ => None,
    })
    .await;
    assert!(told.starts_with("Your request was denied by a contact of "), "{told}");
    let denied_by = row(&console, &action).await.unwrap().denied_by.unwrap();
    assert!(denied_by.starts_with("a contact of "), "{denied_by}");
}

#[tokio::test]
async fn a_known_contact_introduces_the_next_and_allows_something_beforehand() {
    let scene = contact().await;
    let other = SigningKey::from_bytes(&[55; 32]);
    use base64::Engine as _;
    let waiting = ContactKeyView {
        member: MemberId::from_bits([55; 16]),
        device: DeviceId::from_bits([56; 16]),
        key: base64::engine::general_purpose::STANDARD.encode(other.verifying_key().as_bytes()),
        label: Some("ada-notebook".to_owned()),
    };
    scene.plane.change(|script| script.chain.1.push(waiting.clone()));
    scene.plane.sign_in(&scene.console).await;
    until("the first contact has introduced themselves", async || {
        let view = scene.console.speakers(None).await.unwrap();
        view.this_console.then_some(())
    })
    .await;
    let view = scene.console.introduce(waiting.device.as_str()).await.unwrap();
    assert_eq!(view.keys.len(), 2);
    let view = scene
        .console
        .grant(NewStanding {
            name: "after-hours".to_owned(),
            endpoints: Vec::new(),
            classes: vec!["changing".to_owned()],
            channel: "break_glass".to_owned(),
            days: Some(31),
            from_minute: 1_080,
            to_minute: 360,
            utc_offset_minutes: 60,
            until_ms: soon() + 86_400_000,
        })
        .await
        .unwrap();
    assert_eq!(view.standing[0].name, "after-hours");
    // A floor that more people would have to reach than there are is not signed; one that can be reached is, and holds back what it does not except.
    let floor = |needed, except: &[&str]| NewFloor {
        name: "two-for-changes".to_owned(),
        endpoints: Vec::new(),
        class: "changing".to_owned(),
        needed,
        number: true,
        except: except.iter().map(|&channel| channel.to_owned()).collect(),
    };
    let refused = scene.console.set_floor(floor(3, &[])).await.unwrap_err().to_string();
    assert!(refused.contains("Only 2 people speak for the client"), "{refused}");
    for senseless in [floor(0, &[]), floor(2, &["email"]), floor(2, &["letter"])] {
        assert!(scene.console.set_floor(senseless).await.is_err());
    }
    let view = scene.console.set_floor(floor(2, &[])).await.unwrap();
    assert_eq!((view.floors[0].needed, view.floors[0].number), (2, true));
    assert_eq!(view.standing[0].held_by, ["two-for-changes"]);
    // A control plane that asks for less is remarked on before anybody signs.
    let low = asked(&scene.plane, 5, Assurance::Signed);
    let action = low.action.clone();
    let mut events = scene.console.subscribe();
    scene.plane.change(|script| script.approvals.push(low.clone()));
    until("the request is shown", async || row(&scene.console, &action).await).await;
    let raised = notices(&mut events, Duration::from_millis(500)).await;
    assert_eq!(raised.len(), 1);
    assert!(!raised[0].can_approve, "one press would sign what nobody has read");
    let remarks = scene.console.approval(action.as_str()).await.unwrap().remarks;
    let remark = remarks.iter().find(|remark| remark.contains("two-for-changes"));
    assert!(
        remark.is_some_and(|remark| remark.contains("signed yeses of 2 different contacts who typed the number")),
        "{remarks:?}"
    );
    let view = scene.console.set_floor(floor(2, &["policy", "break_glass"])).await.unwrap();
    assert_eq!(view.floors[0].except, ["break_glass", "policy"]);
    assert_eq!((view.floors.len(), view.standing[0].held_by.len()), (1, 0));
    assert!(!view.floors[0].set_by.is_empty());
    assert!(
        scene
            .console
            .withdraw_floor("two-for-changes")
            .await
            .unwrap()
            .floors
            .is_empty()
    );
    assert!(scene.console.withdraw_floor("two-for-changes").await.is_err());
    assert!(scene.console.take_back("after-hours").await.unwrap().standing.is_empty());
    assert!(scene.console.take_back("after-hours").await.is_err());

    // A list from which something disappeared is not signed in, and said to be broken.
    scene.plane.change(|script| script.chain.0.truncate(1));
    let view = scene.console.speakers(None).await.unwrap();
    assert!(view.fault.is_some() && !view.this_console);
    let said = scene.plane.script.lock().unwrap().chain.0.len();
    assert!(scene.console.introduce(waiting.device.as_str()).await.is_err());
    let script = scene.plane.script.lock().unwrap();
    assert_eq!(script.chain.0.len(), said);
    assert!(matches!(script.chain.0[0].statement.says, ContactSaid::KeyIntroduced { .. }));
}
