//! The ways besides a console: the technician declares an emergency, and contacts answer by the link in a mail. Each may be allowed beforehand by a
//! contact's signed statement, or not.

use super::{Asked, World};
use caisey_control::endpoint::Input;
use caisey_control::letter::{Letter, Sent, Typed};
use caisey_control::port::RequestId;
use caisey_ledger::consent::{Assurance, ContactSaid, Floor, PreAuthorisation};
use caisey_ledger::event::Channel;
use caisey_ledger::id::{ActionId, MemberId, TimeMs};
use caisey_protocol::consent::{AboutApproval, ApprovalWord};
use caisey_protocol::mail::MailContact;
use caisey_testkit::dice::Dice;
use caisey_testkit::person::Person;
use std::collections::{BTreeMap, BTreeSet};

const FLOOR: &str = "two-people";

fn two_people() -> ContactSaid {
    ContactSaid::FloorSet(Floor {
        name: FLOOR.into(),
        endpoints: vec![],
        class: "changing".into(),
        needed: 2,
        assurance: Assurance::Signed,
        except: vec![Channel::BreakGlass],
    })
}

/// What is allowed in this run, and what is under way.
pub(super) struct Ways {
    emergencies: bool,
    pub(super) by_mail: bool,
    /// Whether the policy takes an answer over a link.
    links: bool,
    /// Two people, signed, whatever the policy says; emergencies are excepted.
    floor: bool,
    pub(super) floor_changed: bool,
    /// Mails that hosts have not reported on.
    outgoing: Vec<Letter>,
    /// In mailboxes. Whoever has one can follow its link as often as they like.
    mailbox: Vec<Letter>,
    /// Mails that the control plane knows have gone out.
    accepted: BTreeSet<(ActionId, MemberId)>,
    /// What the technician reads out.
    numbers: BTreeMap<ActionId, String>,
    pub(super) emergencies_refused: u64,
}

impl Ways {
    pub(super) fn drawn(dice: &mut Dice) -> Self {
        Self {
            emergencies: dice.chance(50),
            by_mail: dice.chance(60),
            links: dice.chance(65),
            floor: dice.chance(25),
            floor_changed: false,
            outgoing: Vec::new(),
            mailbox: Vec::new(),
            accepted: BTreeSet::new(),
            numbers: BTreeMap::new(),
            emergencies_refused: 0,
        }
    }

    /// What a contact signs beforehand.
    pub(super) fn allowed(&self, now: TimeMs) -> Vec<ContactSaid> {
        let granted = |name: &str, channel| {
            ContactSaid::PreAuthorisationGranted(PreAuthorisation {
                name: name.into(),
                endpoints: vec![],
                classes: vec!["changing".into()],
                channel,
                window: None,
                from_ms: TimeMs::default(),
                until_ms: TimeMs::new(now.get() + 30 * 86_400_000).unwrap(),
            })
        };
        let all = [
            (self.emergencies, granted("emergencies", Channel::BreakGlass)),
            (self.by_mail, granted("by-mail", Channel::Email)),
            (self.floor, two_people()),
        ];
        all.into_iter().filter(|(said, _)| *said).map(|(_, says)| says).collect()
    }

    pub(super) fn assurance(&self) -> &'static str {
        if self.links { "link" } else { "signed" }
    }

    pub(super) fn emergencies_run(&self) -> bool {
        self.emergencies
    }

    /// One who has a console, too, and one who has none.
    pub(super) fn mailing(&self, people: &[Person]) -> Vec<MailContact> {
        let listed = |member: MemberId| MailContact {
            name: format!("Contact {member}"),
            address: "contact@example.com".into(),
            member: Some(member),
        };
        vec![listed(people[0].member.clone()), listed(MemberId::from_bits([77; 16]))]
    }

    pub(super) fn post(&mut self, letter: Letter) {
        let about = (letter.action.clone(), letter.member.clone());
        assert!(self.links && !self.floor, "mailed a link that cannot count");
        assert!(!self.accepted.contains(&about), "mailed again after it had gone out");
        self.outgoing.push(letter);
    }

    pub(super) fn hear(&mut self, action: &ActionId, number: Option<&str>) {
        if let Some(number) = number {
            self.numbers.insert(action.clone(), number.to_owned());
        }
    }
}

impl World {
    /// A contact sets the floor, or takes it away; the object hears of it with the next batch.
    pub(super) fn change_floor(&mut self) {
        let says = if self.ways.floor {
            ContactSaid::FloorWithdrawn { name: FLOOR.into() }
        } else {
            two_people()
        };
        let said = self.consoles[0].person.says(&self.rules.chain, self.plane.time(), says);
        self.trust.apply(&said).unwrap();
        self.rules.chain.push(said);
        self.rules.revision += 1;
        (self.ways.floor, self.ways.floor_changed) = (!self.ways.floor, true);
        self.batch(vec![Input::Wake]);
    }

    pub(super) fn declare_emergency(&mut self) {
        let Some((action, session)) = self.dice.pick(&self.actions).cloned() else {
            return;
        };
        let (log, now) = (self.plane.identity.log.clone(), self.plane.time());
        let open = self.index.get(&action).is_some_and(|view| !view.state.is_terminal());
        let said = self.technician.break_glass(&log, now, &session, &action);
        self.ways.emergencies_refused += u64::from(open && !self.ways.emergencies);
        self.technician_says(said);
    }

    /// The technician looks at a request, for its number.
    pub(super) fn look(&mut self) {
        if let Some((action, _)) = self.dice.pick(&self.actions).cloned() {
            self.look_at(action);
        }
    }

    fn look_at(&mut self, action: ActionId) {
        self.requests += 1;
        self.asked.insert(self.requests, Asked::Look(action.clone()));
        let about = AboutApproval {
            action,
            what: ApprovalWord::Look,
        };
        let caller = self.technician.caller();
        self.batch(vec![Input::AboutApproval(RequestId(self.requests), caller, about)]);
    }

    /// A mail goes out, or does not; what the host says of it may be lost. Where its fate is not known it may be in the mailbox all the same.
    pub(super) fn carry_mail(&mut self) {
        if self.ways.outgoing.is_empty() {
            return;
        }
        let at = self.dice.below(self.ways.outgoing.len() as u64) as usize;
        let letter = self.ways.outgoing.remove(at);
        let fate = self.dice.below(10);
        let sent = match fate {
            0..=6 => Sent::Accepted,
            7 => Sent::Failed("451 try again later".into()),
            8 => Sent::Refused("550 no such mailbox".into()),
            _ => Sent::Impossible("no mail server".into()),
        };
        if sent == Sent::Accepted {
            self.ways.mailbox.push(letter.clone());
        }
        if self.dice.chance(15) {
            return;
        }
        let (failures, about) = (self.failures, (letter.action.clone(), letter.member.clone()));
        let accepted = sent == Sent::Accepted;
        self.batch(vec![Input::MailSent(letter.action, letter.member, letter.attempt, sent)]);
        if accepted && failures == self.failures {
            self.ways.accepted.insert(about);
        }
    }

    pub(super) fn carry_all_mail(&mut self) {
        while !self.ways.outgoing.is_empty() {
            self.carry_mail();
        }
    }

    /// Somebody submits the form behind a link: its contact, who heard the number or mistypes it, or a program that scans mail. The same form may be
    /// submitted any number of times.
    pub(super) fn submit_form(&mut self) {
        let Some(letter) = self.dice.pick(&self.ways.mailbox).cloned() else {
            return;
        };
        if !self.ways.numbers.contains_key(&letter.action) {
            // They call the technician.
            self.look_at(letter.action.clone());
        }
        let heard = self.ways.numbers.get(&letter.action).cloned();
        let number = if self.dice.chance(85) { heard } else { Some("000000".into()) };
        let typed = Typed {
            token: letter.token,
            approve: self.dice.chance(85),
            number: number.unwrap_or_default(),
            reason: String::new(),
        };
        self.requests += 1;
        self.asked.insert(self.requests, Asked::Word);
        self.batch(vec![Input::AnswerByLink(RequestId(self.requests), Box::new(typed))]);
    }
}
