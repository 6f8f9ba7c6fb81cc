//! A session like the one in the first story: a suspected breach, looked into after hours.

use caisey_console::view::{SessionDetail, SessionRow, TextView, TimelineItem, Verification};
use caisey_console::visible::segments_if_needed;
use caisey_pdf::Imprint;
use serde_json::{Map, Value, json};

const START: u64 = 1_779_920_043_000;

pub(crate) fn imprint() -> Imprint {
    Imprint {
        organisation: "Northwind IT Services".to_owned(),
        printed_at_ms: START + 86_400_000,
        program: "Caisey Console 0.1.0".to_owned(),
    }
}

fn facts(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

struct Story {
    items: Vec<TimelineItem>,
    now_ms: u64,
}

impl Story {
    fn tell(
        &mut self,
        actor: (&str, &str),
        kind: &str,
        headline: &str,
        action: Option<&str>,
        texts: &[(&str, &str)],
    ) -> &mut TimelineItem {
        self.now_ms += 7_311;
        self.items.push(TimelineItem {
            endpoint: "ep_0000000000000000000000000a".to_owned(),
            seq: 41 + self.items.len() as u64,
            time_ms: self.now_ms,
            kind: kind.to_owned(),
            actor_kind: actor.0.to_owned(),
            actor_name: actor.1.to_owned(),
            headline: headline.to_owned(),
            session: Some("ses_0000000000000000000000000b".to_owned()),
            action: action.map(|number| format!("act_000000000000000000000000{number}")),
            stream: None,
            exit_code: None,
            facts: Map::new(),
            texts: texts.iter().map(|(name, text)| view(name, text)).collect(),
            verification: Verification::Verified,
            fault: None,
        });
        self.items.last_mut().unwrap()
    }

    fn run(&mut self, number: &str, command: &str, reason: &str, output: &[&str], exit_code: i64) {
        let action = Some(number);
        self.tell(
            MEMBER,
            "action.proposed",
            "Command proposed",
            action,
            &[("command", command), ("reason", reason)],
        );
        self.tell(
            CONTROL,
            "action.authorised",
            "Allowed by policy “after-hours incident response”, version 3",
            action,
            &[],
        );
        self.tell(
            MACHINE,
            "command.started",
            "Command started as process 4711",
            action,
            &[("cwd", "/root"), ("user", "root")],
        );
        for text in output {
            let item = self.tell(
                MACHINE,
                "command.output",
                "Printed on standard output",
                action,
                &[("output", text)],
            );
            item.stream = Some("stdout".to_owned());
        }
        let headline = format!("Command finished: exit code {exit_code} after 1.2 s");
        let item = self.tell(MACHINE, "command.finished", &headline, action, &[]);
        item.exit_code = Some(exit_code);
        item.facts = facts(json!({"outcome": "exited", "exit_code": exit_code, "duration_ms": 1200}));
    }
}

const MEMBER: (&str, &str) = ("member", "Dana Okafor");
const CONTROL: (&str, &str) = ("control", "Control plane");
const MACHINE: (&str, &str) = ("endpoint", "retail-07");

fn view(name: &str, text: &str) -> TextView {
    TextView {
        name: name.to_owned(),
        text: Some(text.to_owned()),
        segments: segments_if_needed(text),
    }
}

pub(crate) fn breach() -> SessionDetail {
    let mut story = Story {
        items: Vec::new(),
        now_ms: START - 7_311,
    };
    let purpose = "Suspected ransomware activity, ticket 4711: client called at 22:05";
    story.tell(MEMBER, "session.opened", "Session opened", None, &[("purpose", purpose)]);
    story.tell(
        MEMBER,
        "chat.message",
        "Chat",
        None,
        &[(
            "message",
            "Connecting now. I will look at failed sign-ins first and touch no documents.",
        )],
    );
    story.run(
        "0c",
        "lastb --fullnames --time-format iso | head -n 20; journalctl _COMM=sshd --since -2h --no-pager | grep 'Failed password'",
        "Failed sign-ins in the last two hours",
        &["admin    ssh:notty  203.0.113.77  2026-05-27T21:58:11+00:00\n", "Игорь Соколов  ssh:notty  198.51.100.4\n财务部  tty2\nサーバー監視  ssh:notty\n한국어  Ελληνικά  łódź\n┌──┐\n│ ✓│ → ok\n└──┘\n日本語のファイル.txt\n"],
        0,
    );
    story.run(
        "0d",
        "find /etc/systemd/system /etc/cron.d /etc/cron.daily /etc/rc.local -newermt '-7 days' -type f -printf '%TY-%Tm-%Td %TH:%TM %M %u %p\\n' 2>/dev/null | sort",
        "Persistence points changed in the last week",
        &["2026-05-24 09:12 -rw-r--r-- root /etc/systemd/system/backup.service\n"],
        0,
    );
    story.run(
        "0e",
        "ps -eo pid,ppid,user,lstart,comm --sort=start_time | grep -E 'ssh|cron|systemd'",
        "Processes that matter here",
        &["  1  0 root Wed May 27 06:00:00 2026 systemd\n"],
        1,
    );
    story.tell(
        MEMBER,
        "note.added",
        "Note",
        None,
        &[(
            "note",
            "No sign of persistence. Two hosts blocked at the firewall by the client.",
        )],
    );
    story.tell(MEMBER, "session.closed", "Session closed by the technician", None, &[]);
    let last = story.items.last().unwrap();
    SessionDetail {
        cosigned: Vec::new(),
        row: SessionRow {
            session: "ses_0000000000000000000000000b".to_owned(),
            endpoint: "ep_0000000000000000000000000a".to_owned(),
            hostname: "retail-07".to_owned(),
            client: "cli_0000000000000000000000000c".to_owned(),
            client_name: "Harbour Retail Ltd".to_owned(),
            member: "mem_0000000000000000000000000d".to_owned(),
            member_name: "Dana Okafor".to_owned(),
            purpose: purpose.to_owned(),
            opened_at_ms: START,
            closed_at_ms: Some(last.time_ms),
            first_seq: 41,
            last_seq: last.seq,
            actions: 3,
            verification: Verification::Verified,
        },
        items: story.items,
        checkpoint: Some(
            "log.example/org_0000000000000000000000000a/ep_0000000000000000000000000a\n64\nqBdSGKvNhx1VJ3dYXl0vzPBWl0lqGIdXq5yhBRXW3nA=\n\n— log.example \
             Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
                .to_owned(),
        ),
        root: Some("qBdSGKvNhx1VJ3dYXl0vzPBWl0lqGIdXq5yhBRXW3nA=".to_owned()),
        log_size: 64,
    }
}

/// Adds an output to the end of the session.
pub(crate) fn say(detail: &mut SessionDetail, output: &str) {
    let mut item = detail
        .items
        .iter()
        .find(|item| item.kind == "command.output")
        .unwrap()
        .clone();
    item.seq = detail.items.last().unwrap().seq + 1;
    item.texts = vec![view("output", output)];
    detail.items.push(item);
}

/// One more reading of a state, by the same action's probe.
pub(crate) fn captured(detail: &mut SessionDetail, phase: &str, state: &str, exit_code: i64) {
    let mut item = detail.items.iter().rfind(|item| item.action.is_some()).unwrap().clone();
    item.seq = detail.items.last().unwrap().seq + 1;
    item.kind = "state.captured".to_owned();
    item.actor_kind = "endpoint".to_owned();
    item.headline = format!("State {phase} the action");
    item.stream = None;
    item.exit_code = Some(exit_code);
    item.facts = facts(json!({"phase": phase, "exit_code": exit_code, "complete": true}));
    item.texts = vec![view("probe", "nft list ruleset"), view("state", state)];
    detail.row.last_seq = item.seq;
    detail.items.push(item);
}
