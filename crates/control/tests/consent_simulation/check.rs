//! What has to hold at the end of a run.

use super::World;
use caisey_ledger::entry::Statement;
use caisey_ledger::event::Channel;
use caisey_ledger::id::ActionId;

/// What happened in one run, or several.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    pub(super) failures: u64,
    pub(super) sent: u64,
    pub(super) ran: u64,
    pub(super) emergencies: u64,
    pub(super) emergencies_refused: u64,
    pub(super) by_mail: u64,
    pub(super) by_mail_refused: u64,
    /// Requests that a floor came over.
    pub(super) taken_back: u64,
}

impl Totals {
    pub(super) fn add(&mut self, other: Self) {
        self.failures += other.failures;
        self.sent += other.sent;
        self.ran += other.ran;
        self.emergencies += other.emergencies;
        self.emergencies_refused += other.emergencies_refused;
        self.by_mail += other.by_mail;
        self.by_mail_refused += other.by_mail_refused;
        self.taken_back += other.taken_back;
    }
}

/// All entries about one action, in order.
struct About<'a>(Vec<&'a Statement>);

impl About<'_> {
    fn kinds(&self) -> Vec<&str> {
        self.0.iter().map(|statement| statement.kind.as_str()).collect()
    }

    fn count(&self, wanted: &str) -> usize {
        self.0.iter().filter(|statement| statement.kind == wanted).count()
    }

    fn place(&self, wanted: &str) -> Option<usize> {
        self.0.iter().position(|statement| statement.kind == wanted)
    }

    fn decided(&self, wanted: &str) -> usize {
        let said = |statement: &&&Statement| statement.kind == "approval.decided" && statement.facts["decision"] == wanted;
        self.0.iter().filter(said).count()
    }

    /// Different people who said yes, over any channel; whether one of them did so over a link.
    fn yes(&self) -> (usize, bool) {
        let said = |statement: &&&Statement| statement.kind == "approval.decided" && statement.facts["decision"] == "approved";
        let yes: Vec<_> = self.0.iter().filter(said).collect();
        let mut people: Vec<_> = yes.iter().map(|statement| statement.facts["member"].to_string()).collect();
        people.sort();
        people.dedup();
        (
            people.len(),
            yes.iter().any(|statement| statement.facts["channel"] == "email"),
        )
    }

    /// How many people the request asks for.
    fn needed(&self) -> usize {
        let asked = self.0.iter().find(|statement| statement.kind == "approval.requested");
        asked.map_or(0, |asked| asked.facts["needed"].as_u64().unwrap() as usize)
    }

    fn taken_back(&self) -> bool {
        let code = |statement: &&&Statement| statement.kind == "action.refused" && statement.facts["code"] == "below_floor";
        self.0.iter().filter(code).count() > 0
    }

    fn channel(&self) -> Option<Channel> {
        let authorised = self.0.iter().find(|statement| statement.kind == "action.authorised")?;
        serde_json::from_value(authorised.facts["channel"].clone()).ok()
    }
}

impl World {
    pub(super) fn check(&self) -> Totals {
        let mut totals = Totals {
            failures: self.failures,
            sent: self.runs_sent,
            ran: self.runtime.starts.len() as u64,
            emergencies_refused: self.ways.emergencies_refused,
            ..Totals::default()
        };
        let log = self.plane.verified();
        for (action, _) in &self.actions {
            let statements = log.iter().map(|accepted| &accepted.entry.statement);
            let about = About(
                statements
                    .filter(|statement| statement.action.as_ref() == Some(action))
                    .collect(),
            );
            self.check_action(action, &about, &mut totals);
        }
        for console in &self.consoles {
            assert!(console.raised.values().all(|times| *times == 1), "notified twice");
            for prompt in console.inbox.prompts().filter(|prompt| prompt.answer.is_some()) {
                assert!(prompt.settled, "an answer was never spoken about: {prompt:?}");
            }
        }
        totals
    }

    fn check_action(&self, action: &ActionId, about: &About<'_>, totals: &mut Totals) {
        let kinds = about.kinds();
        let (asked, authorised) = (about.count("approval.requested"), about.count("action.authorised"));
        assert!(asked <= 1 && authorised <= 1, "{kinds:?}");
        if about.count("action.proposed") == 0 {
            return;
        }
        let ran = self.runtime.starts.get(action).copied().unwrap_or(0) as usize;
        assert!(ran <= authorised, "{kinds:?}");
        let channel = about.channel();
        let emergency = usize::from(channel == Some(Channel::BreakGlass));
        let ends = about.decided("denied") + about.decided("expired") + about.decided("withdrawn") + authorised - emergency;
        assert_eq!(ends, asked, "one end for each request: {kinds:?}");
        assert_eq!(
            about.count("action.break_glass"),
            emergency,
            "a declaration that did not count is not in the log: {kinds:?}"
        );
        totals.taken_back += u64::from(about.taken_back());
        let Some(channel) = channel else {
            assert!(ran == 0 && about.count("action.refused") == 1, "{kinds:?}");
            return;
        };
        assert!(
            about.place("action.authorised") < about.place("command.started").or(Some(usize::MAX)),
            "{kinds:?}"
        );
        // Allowed, so it ran, or the log says what became of it.
        assert!(
            ran == 1 || about.count("action.refused") + about.count("action.unknown") > 0,
            "{kinds:?}"
        );
        let (yes, over_link) = about.yes();
        if channel == Channel::BreakGlass {
            totals.emergencies += 1;
            assert!(
                self.ways.emergencies_run() && about.decided("denied") == 0,
                "nobody allowed emergencies: {kinds:?}"
            );
            assert!(
                about.place("action.break_glass") < about.place("action.authorised"),
                "{kinds:?}"
            );
            return;
        }
        let needed = about.needed();
        assert_eq!(
            (yes, about.decided("approved"), about.decided("denied")),
            (needed, needed, 0),
            "{kinds:?}"
        );
        let last_yes = kinds.iter().rposition(|kind| *kind == "approval.decided");
        assert!(last_yes < about.place("action.authorised"), "{kinds:?}");
        assert_eq!(
            over_link,
            channel == Channel::Email,
            "the channel says how sure it is: {kinds:?}"
        );
        if over_link {
            assert!(ran == 0 || self.ways.by_mail, "nobody allowed answers by e-mail: {kinds:?}");
            totals.by_mail += ran as u64;
            totals.by_mail_refused += u64::from(!self.ways.by_mail);
        }
    }
}
