//! E-mail about approval requests: the outbox, one row for each request and contact.
//!
//! Promises: stored before it is sent and sent at least once while the request is open; every attempt's result is on show to the requester; a
//! secret is drawn for each attempt and only its SHA-256 stored, so that a mail whose fate is unknown is followed by one with another link,
//! and both work until one is used; a contact is not flooded. Leaves out: SMTP, which hosts speak ([`crate::letter::Letter`]), and what is done with a
//! link ([`super::by_link`]). Decisions: docs/decisions/0071-mail-to-contacts.md.

use super::approval::Asked;
use super::live::Live;
use crate::letter::{Facts, Letter, LinkToken, Sent};
use crate::port::Effect;
use crate::row::{Row, damaged, int, text, text_or_null};
use crate::store::{Rows, Store, StoreError, Value};
use crate::turn::{Turn, later};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use caisey_ledger::consent::{Approver, Assurance};
use caisey_ledger::event::{Channel, Decision};
use caisey_ledger::id::{ActionId, MemberId, TimeMs};
use caisey_policy::approval::{Input, Person};
use caisey_protocol::mail::{MailState, MailView};
use sha2::{Digest as _, Sha256};

pub(super) const TABLES: &str = "
    CREATE TABLE mailing (contact TEXT NOT NULL) STRICT;
    CREATE TABLE mails (
        action TEXT NOT NULL,
        member TEXT NOT NULL,
        name TEXT NOT NULL,
        address TEXT NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        asked_at_ms INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        due_ms INTEGER,
        detail TEXT NOT NULL,
        answer TEXT,
        PRIMARY KEY (action, member)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX mails_due ON mails (action) WHERE due_ms IS NOT NULL;
    CREATE INDEX mails_by_member ON mails (member, asked_at_ms);
    CREATE TABLE mail_links (
        token_sha256 TEXT PRIMARY KEY,
        action TEXT NOT NULL,
        member TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// An attempt without a result for this long counts as lost, in milliseconds. Hosts give up sooner.
const LOST_MS: u64 = 60_000;
/// The first repetition comes after this long, each further one after three times as long, in milliseconds.
const FIRST_RETRY_MS: u64 = 2_000;
const LONGEST_RETRY_MS: u64 = 600_000;
/// Attempts for one request and contact.
const MAX_ATTEMPTS: u32 = 12;
/// One contact is asked about this endpoint by e-mail so often in an hour, and no more.
const MAX_PER_HOUR: u64 = 20;
const HOUR_MS: u64 = 3_600_000;
/// What a mail server said is kept up to here, in characters.
const MAX_DETAIL: usize = 400;

const LOST: &str = "The control plane does not know whether the last attempt went out: it was stopped while sending, or the mail server never \
                    answered. The mail is sent once more, so it may arrive twice.";
const FLOOD: &str =
    "This contact was asked about this machine by e-mail 20 times within an hour, so this time no mail was sent. Call them.";
const ERASED: &str = "The command's text was erased, so there is nothing left to ask about.";
const ENDED: &str = "The request ended while the mail was on its way; it may still arrive, and its link says that it is over.";

/// The mail to one contact about one request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mail {
    pub(super) action: ActionId,
    pub(super) member: MemberId,
    name: String,
    address: String,
    state: MailState,
    attempts: u32,
    asked_at: TimeMs,
    at: TimeMs,
    /// When it is to be sent, or counts as lost.
    pub(super) due: Option<TimeMs>,
    detail: String,
    /// What its contact answered with its link.
    pub(super) answer: Option<Decision>,
}

const SELECT: &str =
    "SELECT action, member, name, address, state, attempts, asked_at_ms, at_ms, due_ms, detail, answer FROM mails";

/// Those that wait or are on their way.
pub(super) fn due_ones(store: &dyn Store) -> Result<Vec<Mail>, StoreError> {
    read(store.exec(&format!("{SELECT} WHERE due_ms IS NOT NULL"), &[])?)
}

pub(super) fn find(store: &dyn Store, action: &ActionId, member: &MemberId) -> Result<Option<Mail>, StoreError> {
    let found = store.exec(
        &format!("{SELECT} WHERE action = ?1 AND member = ?2"),
        &[text(action), text(member)],
    )?;
    Ok(read(found)?.into_iter().next())
}

/// All about one request, as consoles see them.
pub(super) fn views(store: &dyn Store, action: &ActionId) -> Result<Vec<MailView>, StoreError> {
    let found = store.exec(&format!("{SELECT} WHERE action = ?1 ORDER BY member"), &[text(action)])?;
    Ok(read(found)?.into_iter().map(Mail::view).collect())
}

/// Which request and contact a link belongs to.
pub(super) fn of_link(store: &dyn Store, token: &LinkToken) -> Result<Option<Mail>, StoreError> {
    let found = store.exec(
        "SELECT action, member FROM mail_links WHERE token_sha256 = ?1",
        &[text(digest(token))],
    )?;
    let Some(mut row) = Row::first(found) else { return Ok(None) };
    let (action, member) = (row.parsed()?, row.parsed()?);
    find(store, &action, &member)
}

fn digest(token: &LinkToken) -> String {
    let digest = Sha256::digest(token.expose().as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(rows: Rows) -> Result<Vec<Mail>, StoreError> {
    let time = |ms| TimeMs::new(ms).ok_or_else(|| damaged("a time is out of range"));
    rows.into_iter()
        .map(|row| {
            let mut row = Row::from(row);
            Ok(Mail {
                action: row.parsed()?,
                member: row.parsed()?,
                name: row.text()?,
                address: row.text()?,
                state: worded(&row.text()?)?,
                attempts: u32::try_from(row.number()?).map_err(|_| damaged("a number of attempts is out of range"))?,
                asked_at: time(row.number()?)?,
                at: time(row.number()?)?,
                due: row.number_or_null()?.map(time).transpose()?,
                detail: row.text()?,
                answer: row.text_or_null()?.map(|word| worded(&word)).transpose()?,
            })
        })
        .collect()
}

fn worded<T: serde::de::DeserializeOwned>(word: &str) -> Result<T, StoreError> {
    serde_json::from_value(word.into()).map_err(|_| damaged("a mail's state is unknown"))
}

fn word<T: serde::Serialize>(value: &T) -> String {
    let word = serde_json::to_value(value).ok();
    word.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

impl Mail {
    pub(super) fn put(&self, store: &dyn Store) -> Result<(), StoreError> {
        store
            .exec(
                "INSERT OR REPLACE INTO mails (action, member, name, address, state, attempts, asked_at_ms, at_ms, due_ms, detail, answer)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                &[
                    text(&self.action),
                    text(&self.member),
                    text(&self.name),
                    text(&self.address),
                    text(word(&self.state)),
                    int(self.attempts.into()),
                    int(self.asked_at.get()),
                    int(self.at.get()),
                    self.due.map_or(Value::Null, |due| int(due.get())),
                    text(&self.detail),
                    text_or_null(self.answer.as_ref().map(word)),
                ],
            )
            .map(drop)
    }

    fn view(self) -> MailView {
        MailView {
            member: self.member,
            name: self.name,
            address: self.address,
            state: self.state,
            attempts: self.attempts,
            at_ms: self.at,
            detail: self.detail,
        }
    }

    fn key(&self) -> (ActionId, MemberId) {
        (self.action.clone(), self.member.clone())
    }

    fn become_of(&mut self, now: TimeMs, state: MailState, due: Option<TimeMs>, detail: &str) {
        self.state = state;
        self.at = now;
        self.due = due;
        self.detail = detail.chars().take(MAX_DETAIL).collect();
    }
}

/// Whether answers by link can come to anything: to a contact, and where policy asks for no more than a link.
fn is_mailed(asked: &Asked) -> bool {
    asked.request.approver == Approver::Contact && asked.request.assurance == Assurance::Link
}

impl Live {
    /// A request was made: puts a mail to every listed contact into the outbox, and sends it.
    pub(super) fn write_mails(&mut self, turn: &mut Turn<'_>, asked: &Asked) -> Result<(), StoreError> {
        if !is_mailed(asked) {
            return Ok(());
        }
        for contact in self.rules.rules.mailing.clone() {
            let Some(member) = contact.member.filter(|member| *member != asked.approval.requester) else {
                continue;
            };
            let mut mail = Mail {
                action: asked.action.clone(),
                name: contact.name,
                address: contact.address,
                state: MailState::Waiting,
                attempts: 0,
                asked_at: turn.now,
                at: turn.now,
                due: Some(turn.now),
                detail: String::new(),
                answer: None,
                member,
            };
            if is_flooded(turn, &mail.member)? {
                mail.become_of(turn.now, MailState::GaveUp, None, FLOOD);
            }
            self.keep_mail(turn, mail)?;
        }
        self.send_due(turn)
    }

    /// The requester asks again: what was not sent is tried at once.
    pub(super) fn mail_again(&mut self, turn: &mut Turn<'_>, action: &ActionId) -> Result<(), StoreError> {
        let found = turn.store.exec(&format!("{SELECT} WHERE action = ?1"), &[text(action)])?;
        for mut mail in read(found)? {
            let flooded = mail.detail == FLOOD;
            if matches!(mail.state, MailState::Waiting | MailState::GaveUp) && !flooded && mail.attempts < MAX_ATTEMPTS {
                let detail = mail.detail.clone();
                mail.become_of(turn.now, MailState::Waiting, Some(turn.now), &detail);
                self.keep_mail(turn, mail)?;
            }
        }
        self.send_due(turn)
    }

    /// Sends what is due, and repeats what was lost.
    pub(super) fn send_due(&mut self, turn: &mut Turn<'_>) -> Result<(), StoreError> {
        let is_due = |mail: &&Mail| mail.due.is_some_and(|due| due <= turn.now);
        let due: Vec<_> = self.mails.values().filter(is_due).cloned().collect();
        for mail in due {
            if mail.state == MailState::Sending {
                self.try_later(turn, mail, LOST)?;
            } else {
                self.send_mail(turn, mail)?;
            }
        }
        Ok(())
    }

    fn send_mail(&mut self, turn: &mut Turn<'_>, mut mail: Mail) -> Result<(), StoreError> {
        let asked = self.asked.get(&mail.action);
        let prompt = asked.map(|asked| asked.prompt(turn.store)).transpose()?.flatten();
        let (Some(asked), Some(prompt)) = (asked, prompt) else {
            mail.become_of(turn.now, MailState::NotNeeded, None, "");
            return self.keep_mail(turn, mail);
        };
        let identity = &self.enrolment.identity;
        let facts = Facts::of(&asked.view(identity, None), &prompt);
        if facts.command.is_none() {
            mail.become_of(turn.now, MailState::GaveUp, None, ERASED);
            return self.keep_mail(turn, mail);
        }
        let secret = URL_SAFE_NO_PAD.encode(turn.draw());
        let token = LinkToken::new(format!("{}.{}.{secret}", identity.organisation, identity.endpoint));
        turn.store.exec(
            "INSERT INTO mail_links (token_sha256, action, member) VALUES (?1, ?2, ?3)",
            &[text(digest(&token)), text(&mail.action), text(&mail.member)],
        )?;
        mail.attempts += 1;
        let detail = mail.detail.clone();
        mail.become_of(turn.now, MailState::Sending, Some(later(turn.now, LOST_MS)), &detail);
        self.out.push(Effect::Mail(Box::new(Letter {
            action: mail.action.clone(),
            member: mail.member.clone(),
            attempt: mail.attempts,
            name: mail.name.clone(),
            address: mail.address.clone(),
            token,
            facts,
        })));
        self.keep_mail(turn, mail)
    }

    /// What became of an attempt, as the host says. A repeated or outdated word changes nothing, except that a mail which did go out did.
    pub(super) fn mail_sent(
        &mut self,
        turn: &mut Turn<'_>,
        action: &ActionId,
        member: &MemberId,
        attempt: u32,
        sent: &Sent,
    ) -> Result<(), StoreError> {
        let Some(mut mail) = find(turn.store, action, member)? else {
            return Ok(());
        };
        let current = mail.attempts == attempt && mail.state == MailState::Sending;
        match sent {
            Sent::Accepted if mail.state == MailState::Accepted => Ok(()),
            Sent::Accepted => {
                mail.become_of(turn.now, MailState::Accepted, None, "");
                self.keep_mail(turn, mail)?;
                self.mail_arrived(turn, action, member)
            }
            _ if !current => Ok(()),
            Sent::Refused(why) => {
                mail.become_of(turn.now, MailState::Refused, None, why);
                self.keep_mail(turn, mail)
            }
            Sent::Impossible(why) => {
                mail.become_of(turn.now, MailState::GaveUp, None, why);
                self.keep_mail(turn, mail)
            }
            Sent::Failed(why) => self.try_later(turn, mail, why),
        }
    }

    /// The request is with this contact's mail server.
    fn mail_arrived(&mut self, turn: &mut Turn<'_>, action: &ActionId, member: &MemberId) -> Result<(), StoreError> {
        let Some(mut asked) = self.asked.get(action).cloned() else {
            return Ok(());
        };
        let step = asked
            .approval
            .handle(turn.now, &Input::Delivered(contact(member), Channel::Email));
        super::ask::unrefused(self.carry(turn, asked, step, None, None))
    }

    fn try_later(&mut self, turn: &Turn<'_>, mut mail: Mail, why: &str) -> Result<(), StoreError> {
        let longer = 3_u64.saturating_pow(mail.attempts.saturating_sub(1));
        let next = later(turn.now, FIRST_RETRY_MS.saturating_mul(longer).min(LONGEST_RETRY_MS));
        let lapses = self.asked.get(&mail.action).map(|asked| asked.approval.expires_at);
        if mail.attempts >= MAX_ATTEMPTS || lapses.is_none_or(|lapses| next >= lapses) {
            let why = format!(
                "{why} It was tried {} times and is not tried any more. Call the contact.",
                mail.attempts
            );
            mail.become_of(turn.now, MailState::GaveUp, None, &why);
        } else {
            mail.become_of(turn.now, MailState::Waiting, Some(next), why);
        }
        self.keep_mail(turn, mail)
    }

    /// A request is over: nothing more is sent about it.
    pub(super) fn stop_mails(&mut self, turn: &Turn<'_>, action: &ActionId) -> Result<(), StoreError> {
        let about = |mail: &&Mail| mail.action == *action;
        let unsent: Vec<_> = self.mails.values().filter(about).cloned().collect();
        for mut mail in unsent {
            let detail = if mail.state == MailState::Sending { ENDED } else { "" };
            mail.become_of(turn.now, MailState::NotNeeded, None, detail);
            self.keep_mail(turn, mail)?;
        }
        Ok(())
    }

    /// Stores a mail's new state, shows it, and keeps it in memory exactly while something is due.
    pub(super) fn keep_mail(&mut self, turn: &Turn<'_>, mail: Mail) -> Result<(), StoreError> {
        mail.put(turn.store)?;
        self.out.approvals_changed.insert(mail.action.clone());
        if mail.due.is_some() {
            self.mails.insert(mail.key(), mail);
        } else {
            self.mails.remove(&mail.key());
        }
        Ok(())
    }
}

/// The contact, to the state machine.
pub(super) fn contact(member: &MemberId) -> Person {
    Person {
        member: member.clone(),
        speaks_as: Approver::Contact,
    }
}

fn is_flooded(turn: &Turn<'_>, member: &MemberId) -> Result<bool, StoreError> {
    let since = int(turn.now.get().saturating_sub(HOUR_MS));
    let sql = "SELECT COUNT(*) FROM mails WHERE member = ?1 AND asked_at_ms > ?2 AND attempts > 0";
    let mut row = Row::first(turn.store.exec(sql, &[text(member), since])?).ok_or_else(|| damaged("nothing was counted"))?;
    Ok(row.number()? >= MAX_PER_HOUR)
}
