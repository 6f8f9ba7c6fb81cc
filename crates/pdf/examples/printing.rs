//! Prints a transcript of many entries as a hand-over is printed (tagged, archived, with its record attached, signed) and says what it
//! cost, as JSON: `printing ENTRIES OUT.pdf`. `printing ENTRIES OUT.typ` writes the same texts as Typst source instead, for comparing.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic)]

use caisey_console::view::{SessionDetail, SessionRow, TextView, TimelineItem, Verification};
use caisey_pdf::{Attachment, Enclosure, Imprint, Limits, Seal, Secrets, found, moment, transcript};
use std::fmt::Write;
use std::ops::ControlFlow;
use std::time::Instant;

const START: u64 = 1_779_920_043_000;
const NAMES: [&str; 6] = ["Игорь Соколов", "财务部", "サーバー監視", "Ελένη Παππά", "łódź-07", "backup"];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let path = arguments.next().unwrap_or_else(|| panic!("printing ENTRIES OUT"));
    let detail = session(count);
    if path.ends_with(".typ") {
        std::fs::write(path, typst(&detail)).unwrap();
        return;
    }
    let record: String = detail.items.iter().map(|item| format!("{item:?}\n")).collect();
    let signer = found(
        "Northwind IT Services",
        &Secrets {
            root: [7; 32],
            signing: [9; 32],
        },
        1_767_225_600_000,
    )
    .unwrap();
    let imprint = Imprint {
        organisation: "Northwind IT Services".to_owned(),
        printed_at_ms: START + 86_400_000,
        program: "Caisey Console".to_owned(),
    };
    let before_mb = peak_mb();
    let began = Instant::now();
    let enclosure = Enclosure {
        attachments: vec![Attachment {
            name: "evidence.caisey".to_owned(),
            media_type: "application/octet-stream".to_owned(),
            description: "The record".to_owned(),
            bytes: record.into_bytes(),
        }],
        seal: Some(Seal {
            signer: &signer,
            reason: "Hand-over".to_owned(),
            stamp: None,
        }),
        ..Enclosure::default()
    };
    let mut pages = 0;
    let bytes = transcript(&detail, &imprint, Limits::default(), enclosure, |progress| {
        pages = progress.pages;
        ControlFlow::Continue(())
    })
    .unwrap();
    let wall_s = began.elapsed().as_secs_f64();
    std::fs::write(path, &bytes).unwrap();
    println!(
        "{{\"entries\": {count}, \"pages\": {pages}, \"wall_s\": {wall_s:.3}, \"size_bytes\": {}, \"peak_mb\": {}, \"peak_before_mb\": {before_mb}}}",
        bytes.len(),
        peak_mb()
    );
}

/// The process's highest resident set so far; 0 where the system does not tell.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace()
        .next()
        .and_then(|number| number.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}

fn session(count: u64) -> SessionDetail {
    let items: Vec<TimelineItem> = (0..count).map(item).collect();
    SessionDetail {
        row: SessionRow {
            session: "ses_0000000000000000000000000b".to_owned(),
            endpoint: "ep_0000000000000000000000000a".to_owned(),
            hostname: "retail-07".to_owned(),
            client: "cli_0000000000000000000000000c".to_owned(),
            client_name: "Harbour Retail Ltd".to_owned(),
            member: "mem_0000000000000000000000000d".to_owned(),
            member_name: "Dana Okafor".to_owned(),
            purpose: "A long night".to_owned(),
            opened_at_ms: START,
            closed_at_ms: items.last().map(|item| item.time_ms),
            first_seq: 0,
            last_seq: count.saturating_sub(1),
            actions: count / 4,
            verification: Verification::Verified,
        },
        items,
        checkpoint: None,
        root: None,
        log_size: count,
        cosigned: Vec::new(),
    }
}

fn item(seq: u64) -> TimelineItem {
    let name = NAMES.get(usize::try_from(seq % 6).unwrap()).unwrap();
    let (kind, headline, texts): (&str, String, Vec<(&str, String)>) = match seq % 4 {
        0 => (
            "action.proposed",
            "Command proposed".to_owned(),
            vec![
                (
                    "command",
                    format!("grep -rn '{name}' /var/log/app-{seq} --include='*.log' | sort | uniq -c | sort -rn | head -n 20"),
                ),
                ("reason", format!("Looking for what {name} did in round {seq}")),
            ],
        ),
        1 => (
            "command.started",
            format!("Command started as process {}", 1000 + seq),
            vec![("cwd", "/root".to_owned()), ("user", "root".to_owned())],
        ),
        2 => {
            let lines: String = (0..8)
                .map(|line| {
                    format!(
                        "{:>7} /var/log/app-{seq}/{line}.log: session of {name} opened at port {} → ok\n",
                        line * 37,
                        1024 + line
                    )
                })
                .collect();
            (
                "command.output",
                "Printed on standard output".to_owned(),
                vec![("output", lines)],
            )
        }
        _ => (
            "command.finished",
            "Command finished: exit code 0 after 1.2 s".to_owned(),
            Vec::new(),
        ),
    };
    TimelineItem {
        endpoint: "ep_0000000000000000000000000a".to_owned(),
        seq,
        time_ms: START + seq * 7_311,
        kind: kind.to_owned(),
        actor_kind: if seq.is_multiple_of(4) { "member" } else { "endpoint" }.to_owned(),
        actor_name: if seq.is_multiple_of(4) { "Dana Okafor" } else { "retail-07" }.to_owned(),
        headline,
        session: Some("ses_0000000000000000000000000b".to_owned()),
        action: Some(format!("act_{:026}", seq / 4)),
        stream: (kind == "command.output").then(|| "stdout".to_owned()),
        exit_code: (kind == "command.finished").then_some(0),
        facts: serde_json::from_str(if kind == "command.finished" {
            r#"{"outcome":"exited"}"#
        } else {
            "{}"
        })
        .unwrap(),
        texts: texts
            .into_iter()
            .map(|(name, text)| TextView {
                name: name.to_owned(),
                text: Some(text),
                segments: None,
            })
            .collect(),
        verification: Verification::Verified,
        fault: None,
    }
}

/// The same words in the same order and about the same places.
fn typst(detail: &SessionDetail) -> String {
    let mut out = String::from(
        "#set page(paper: \"a4\", margin: 2cm, numbering: \"1 / 1\")\n#set text(font: (\"Noto Sans\", \"Droid Sans Fallback\"), size: \
         8.8pt)\n#show raw: set text(font: (\"DejaVu Sans Mono\", \"Droid Sans Fallback\"), size: 7.6pt)\n= Remote work on \
         retail-07\n== Transcript\n",
    );
    for item in &detail.items {
        let _ = write!(
            out,
            "#line(length: 100%, stroke: 0.4pt + gray)\n#grid(columns: (74pt, 1fr), [*{}* \\ \\#{}], [*{}* #h(1fr) {}\n",
            moment::clock(item.time_ms),
            item.seq,
            item.headline,
            item.actor_name
        );
        for text in &item.texts {
            let words = text.text.as_deref().unwrap_or("").trim_end();
            let _ = writeln!(
                out,
                "\n#block(fill: luma(245), inset: 5pt, width: 100%)[\n````\n{words}\n````\n]"
            );
        }
        out.push_str("])\n");
    }
    out
}
