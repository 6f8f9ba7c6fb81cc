//! Audit tables and transcripts of logs made for the purpose.

use crate::made::{contents, proved};
use crate::story::{Story, contact, technician};
use caisey_ledger::consent::Assurance;
use caisey_ledger::event::{Channel, Decision, Event, Interpreter, RunOutcome};
use caisey_transcript::audit::{AuditTable, Preset, Verdict};
use caisey_transcript::excerpt::Proved;
use caisey_transcript::keys::Keys;
use caisey_transcript::rows::{RowPiece, Transcript};

fn table(story: &Story, preset: Preset) -> AuditTable {
    let contents = contents(story);
    let parts = proved(story, &contents);
    let own: Vec<&Proved> = parts.iter().collect();
    AuditTable::of(&contents.snapshot, &own, &Keys::of(&parts), preset)
}

fn proposed(story: &mut Story, action: u8) {
    let event = Event::ActionProposed {
        interpreter: Interpreter::Sh,
        timeout_ms: 1_000,
        model: None,
    };
    story.by_technician(event, &[("command", "=cmd()"), ("reason", "because")], true, Some(action));
}

fn requested(story: &mut Story, action: u8, expires_at_ms: u64) {
    let texts = [("object", "x"), ("current_state", "y"), ("proposed_action", "z")];
    let event = Event::ApprovalRequested {
        digest: "00".repeat(32),
        expires_at_ms,
        needed: 1,
        request: None,
    };
    story.by_control(event, &texts, true, Some(action));
}

fn decided(story: &mut Story, action: u8, decision: Decision, by_requester: bool) {
    answered(story, action, decision, by_requester, None);
}

fn answered(story: &mut Story, action: u8, decision: Decision, by_requester: bool, assurance: Option<Assurance>) {
    let who = if by_requester { technician() } else { contact() };
    let event = Event::ApprovalDecided {
        decision,
        member: Some(who.0),
        channel: Channel::Console,
        digest: None,
        assurance,
        number: None,
    };
    if by_requester {
        story.by_technician(event, &[], true, Some(action));
    } else {
        story.by_contact(event, &[], true, Some(action));
    }
}

fn authorised(story: &mut Story, action: u8, channel: Channel) {
    let event = Event::ActionAuthorised {
        policy: "ours".into(),
        policy_version: 3,
        channel,
        policy_digest: None,
        class: Some("changing".into()),
    };
    story.by_control(event, &[], true, Some(action));
}

fn started(story: &mut Story, action: u8) {
    let event = Event::CommandStarted {
        pid: 1,
        interpreter: Interpreter::Sh,
        elevated: true,
    };
    story.by_endpoint(event, &[("cwd", "/"), ("user", "root")], true, Some(action));
    let event = Event::CommandFinished {
        outcome: RunOutcome::Exited,
        exit_code: Some(-1),
        signal: None,
        duration_ms: 1,
        stdout_bytes: 0,
        stderr_bytes: 0,
    };
    story.by_endpoint(event, &[], true, Some(action));
}

const LATER: u64 = 1_790_000_000_000;

/// Action 1 is the story's own, allowed by policy; action 2 is made by `make`.
fn verdict(make: impl Fn(&mut Story)) -> (Verdict, String) {
    let mut story = Story::begun();
    proposed(&mut story, 2);
    make(&mut story);
    let table = table(&story, Preset::None);
    let second = caisey_ledger::id::ActionId::from_bits([2; 16]).to_string();
    let line = table.lines.iter().find(|line| line.action == second).unwrap();
    assert!(table.lines.is_sorted_by_key(|line| line.verdict));
    (line.verdict, line.reasons.join(" "))
}

#[test]
fn every_verdict_and_every_exception_is_found() {
    use Decision::{Approved, Denied};
    let good = |story: &mut Story| {
        requested(story, 2, LATER);
        decided(story, 2, Approved, false);
        authorised(story, 2, Channel::Console);
        started(story, 2);
    };
    assert_eq!(verdict(good), (Verdict::ApprovedBeforeItRan, String::new()));
    let policy = |story: &mut Story| {
        authorised(story, 2, Channel::Policy);
        started(story, 2);
    };
    assert_eq!(verdict(policy), (Verdict::AutomaticUnderPolicy, String::new()));
    assert_eq!(verdict(|_| {}).0, Verdict::DidNotRun);
    let exception = |make: &dyn Fn(&mut Story), words: &str| {
        let (verdict, reasons) = verdict(make);
        assert!(
            verdict == Verdict::Exception && reasons.contains(words),
            "{verdict:?} {reasons}, wanted {words}"
        );
    };
    exception(&|story| started(story, 2), "without having been authorised");
    exception(
        &|story| {
            started(story, 2);
            authorised(story, 2, Channel::Policy);
        },
        "before it was authorised",
    );
    exception(
        &|story| {
            requested(story, 2, LATER);
            authorised(story, 2, Channel::Console);
            started(story, 2);
            decided(story, 2, Approved, false);
        },
        "and 0 count",
    );
    exception(
        &|story| {
            requested(story, 2, LATER);
            decided(story, 2, Approved, true);
            authorised(story, 2, Channel::Console);
            started(story, 2);
        },
        "their own request",
    );
    exception(
        &|story| {
            requested(story, 2, 5);
            decided(story, 2, Approved, false);
            authorised(story, 2, Channel::Console);
            started(story, 2);
        },
        "after the request had lapsed",
    );
    exception(
        &|story| {
            requested(story, 2, LATER);
            decided(story, 2, Denied, false);
            authorised(story, 2, Channel::Console);
            started(story, 2);
        },
        "had said no",
    );
    exception(
        &|story| {
            authorised(story, 2, Channel::Console);
            started(story, 2);
        },
        "nobody was asked",
    );
    let emergency = |story: &mut Story, review: Option<(caisey_ledger::event::Verdict, bool)>| {
        story.by_technician(Event::ActionBreakGlass {}, &[("why", "fire")], true, Some(2));
        authorised(story, 2, Channel::BreakGlass);
        started(story, 2);
        if let Some((verdict, own)) = review {
            let event = Event::ActionReviewed { verdict };
            if own {
                story.by_technician(event, &[("note", "ok")], true, Some(2));
            } else {
                story.by_contact(event, &[("note", "ok")], true, Some(2));
            }
        }
    };
    use caisey_ledger::event::Verdict::{Justified, NotJustified};
    assert_eq!(verdict(|story| emergency(story, None)).0, Verdict::BreakGlassUnreviewed);
    assert_eq!(
        verdict(|story| emergency(story, Some((Justified, true)))).0,
        Verdict::BreakGlassUnreviewed
    );
    assert_eq!(
        verdict(|story| emergency(story, Some((Justified, false)))).0,
        Verdict::BreakGlassReviewed
    );
    exception(&|story| emergency(story, Some((NotJustified, false))), "there was none");
}

fn floor(story: &mut Story, needed: u32, assurance: Assurance, except: &[Channel]) {
    let event = Event::ContactFloorSet {
        name: "least".into(),
        class: "changing".into(),
        needed,
        assurance,
        except: except.to_vec(),
        number: 2,
    };
    story.by_endpoint(event, &[], false, None);
}

#[test]
fn what_ran_below_a_floor_that_was_on_record_is_an_exception() {
    use Assurance::{Number, Signed};
    let by = |channel: Channel, assurance: Option<Assurance>, before: &dyn Fn(&mut Story)| {
        verdict(|story| {
            before(story);
            requested(story, 2, LATER);
            if let Some(assurance) = assurance {
                answered(story, 2, Decision::Approved, false, Some(assurance));
            }
            authorised(story, 2, channel);
            started(story, 2);
        })
    };
    let (found, reasons) = by(Channel::Console, Some(Signed), &|story| floor(story, 2, Signed, &[]));
    assert_eq!(found, Verdict::Exception);
    assert_eq!(
        reasons,
        "The client’s contacts want at least signed yeses of 2 different contacts for what is changing (floor least), and 1 such came before it ran."
    );
    let (found, reasons) = by(Channel::Console, Some(Signed), &|story| floor(story, 1, Number, &[]));
    assert!(
        found == Verdict::Exception && reasons.contains("and none such came"),
        "{reasons}"
    );
    let enough = by(Channel::Console, Some(Number), &|story| floor(story, 1, Number, &[]));
    assert_eq!(enough, (Verdict::ApprovedBeforeItRan, String::new()));
    // Without asking anybody: only where the floor says so.
    let (found, _) = by(Channel::Policy, None, &|story| floor(story, 1, Signed, &[]));
    assert_eq!(found, Verdict::Exception);
    let (found, _) = by(Channel::Policy, None, &|story| floor(story, 1, Signed, &[Channel::Policy]));
    assert_eq!(found, Verdict::AutomaticUnderPolicy);
    let (found, _) = by(Channel::BreakGlass, None, &|story| {
        floor(story, 1, Signed, &[Channel::BreakGlass])
    });
    assert_eq!(found, Verdict::BreakGlassUnreviewed);
    // One that had ended, or came later, is none.
    let ended = by(Channel::Console, Some(Signed), &|story| {
        floor(story, 2, Signed, &[]);
        let event = Event::ContactFloorEnded {
            name: "least".into(),
            number: 3,
        };
        story.by_endpoint(event, &[], false, None);
    });
    assert_eq!(ended.0, Verdict::ApprovedBeforeItRan);
    let later = verdict(|story| {
        requested(story, 2, LATER);
        answered(story, 2, Decision::Approved, false, Some(Signed));
        authorised(story, 2, Channel::Console);
        floor(story, 2, Signed, &[]);
        started(story, 2);
    });
    assert_eq!(later.0, Verdict::ApprovedBeforeItRan);
}

#[test]
fn a_table_is_good_csv_and_names_controls() {
    for (preset, named) in [(Preset::Sox, "SOX 404"), (Preset::Hipaa, "164.312(b)"), (Preset::None, "")] {
        let table = table(&Story::every_kind(), preset);
        let csv = table.to_csv();
        assert!(csv.contains(named) && csv.ends_with("\r\n"));
        let json = serde_json::to_string(&table).unwrap();
        assert_eq!(serde_json::from_str::<AuditTable>(&json).unwrap(), table);
        for line in csv.trim_end().split("\r\n") {
            assert!(!line.contains(['\r', '\n', '\u{1b}']));
        }
    }
    // A formula among the commands of a log is no formula in the table.
    let mut story = Story::begun();
    proposed(&mut story, 2);
    assert!(table(&story, Preset::None).to_csv().contains(",'=cmd(),"));
}

#[test]
fn a_transcript_says_when_what_who_and_how_it_came_out() {
    let story = Story::every_kind();
    let mut contents = contents(&story);
    crate::made::hide(&mut contents.excerpts[0], &[("payroll", "document")]);
    let parts = proved(&story, &contents);
    let own: Vec<&Proved> = parts.iter().collect();
    let transcript = Transcript::of(&contents.snapshot, &own, &Keys::of(&parts));
    assert_eq!(transcript.rows.len() as u64, contents.snapshot.logs[0].entries());
    let opened = &transcript.rows[0];
    assert_eq!((opened.who.as_str(), opened.kind.as_str()), ("John Doe", "session.opened"));
    let finished = transcript.rows.iter().find(|row| row.kind == "command.finished").unwrap();
    assert_eq!(finished.outcome.as_deref(), Some("exit code -1"));
    assert_eq!(finished.who, "SRV-FILES-01");
    let output = transcript.rows.iter().find(|row| row.kind == "command.output").unwrap();
    let hidden = output.texts[0]
        .pieces
        .iter()
        .any(|piece| matches!(piece, RowPiece::Hidden { pseudonym, .. } if pseudonym == "document 1"));
    assert!(hidden && output.texts[0].pieces.len() == 3);
}
