//! Search finds what is there, only that, and says what it looked through.

use crate::plane::Plane;
use crate::ports::{MemoryKeyStore, open};
use caisey_console::Console;
use caisey_console::bench::sample::SampleLog;
use caisey_console::view::{SearchQuery, SearchResult};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const OUTPUTS: [&str; 8] = [
    "Active: failed (Result: exit-code) since Mon",
    "C:\\Windows\\System32\\spool\\PRINTERS\\00042.SPL",
    "100% done, \"quoted\" AND NEAR(text) OR rest*",
    "東京タワーの件 ログ",
    "Größe: 12 MB, naïve café",
    "\u{1b}[31mred alert\u{1b}[0m\r\n",
    "HKLM\\SOFTWARE\\Payroll\\Key",
    "emoji 😀 payroll.xlsx",
];

struct Case {
    console: Console,
    logs: Vec<SampleLog>,
    _plane: Plane,
    _folder: TempDir,
}

async fn filled() -> Case {
    let mut logs = Vec::new();
    for number in [1, 2, 11] {
        let mut log = SampleLog::new(number, 1_760_000_000_000 + number * 86_400_000).unwrap();
        let session = log.open_session(&format!("visit {number}")).unwrap();
        for (output, turn) in OUTPUTS.iter().zip(0..) {
            log.command(&session, &format!("echo {turn} # ls"), &[output]).unwrap();
        }
        logs.push(log);
    }
    let plane = Plane::start(logs.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let console = open(folder.path(), &Arc::new(MemoryKeyStore::default())).await;
    plane.sign_in(&console).await;
    console.wait_synchronised(None, Duration::from_secs(10)).await.unwrap();
    Case {
        console,
        logs,
        _plane: plane,
        _folder: folder,
    }
}

impl Case {
    async fn search(&self, text: &str) -> SearchResult {
        self.ask(SearchQuery {
            text: text.to_owned(),
            ..SearchQuery::default()
        })
        .await
    }

    async fn ask(&self, query: SearchQuery) -> SearchResult {
        self.console.search(query).await.unwrap()
    }
}

#[tokio::test]
async fn finds_substrings_words_phrases_and_nothing_else() {
    let case = filled().await;
    let all: u64 = case.logs.iter().map(|log| log.records.len() as u64).sum();
    // Text and how many of the eight outputs and commands of one log hold it.
    let cases = [
        ("failed", 1),
        ("FAILED (result", 1),
        ("ystem3", 1),
        ("spool\\PRINT", 1),
        ("100%", 1),
        ("%", 1),
        ("\"quoted\"", 1),
        ("\"done, \"", 1),
        ("AND", 1),
        ("NEAR(text)", 1),
        ("rest*", 1),
        ("東京タワー", 1),
        ("東京", 1),
        ("件", 1),
        ("größe", 1),
        ("GRÖSSE", 0),
        ("red alert", 1),
        ("payroll", 2),
        ("payroll xlsx", 1),
        ("\"payroll xlsx\"", 0),
        ("😀 pay", 1),
        ("ls", 8),
        ("re", 2),
        ("ro", 16),
        ("s", 3),
        ("nowhere at all", 0),
        ("'; DROP TABLE entries; --", 0),
        ("body:failed", 0),
        ("fail*", 0),
    ];
    for (text, wanted) in cases {
        let found = case.search(text).await;
        let hits: Vec<&str> = found.hits.iter().map(|hit| hit.excerpt.as_str()).collect();
        let expected = if text == "s" {
            found.hits.len()
        } else {
            wanted * case.logs.len()
        };
        assert_eq!(found.hits.len(), expected, "{text}: {hits:?}");
        assert!(!found.truncated, "{text}");
        assert_eq!((found.searched_entries, found.unreadable_entries), (all, 0), "{text}");
        assert!(
            found.hits.windows(2).all(|pair| pair[0].item.time_ms >= pair[1].item.time_ms),
            "newest first: {text}"
        );
        for hit in &found.hits {
            assert!(!hit.highlights.is_empty(), "{text} in {}", hit.excerpt);
        }
    }
}

#[tokio::test]
async fn filters_narrow_and_are_counted() {
    let case = filled().await;
    let text = || SearchQuery {
        text: "payroll".to_owned(),
        ..SearchQuery::default()
    };
    let one = &case.logs[1];
    let by_endpoint = case
        .ask(SearchQuery {
            endpoint: Some(one.endpoint.to_string()),
            ..text()
        })
        .await;
    assert_eq!(
        (by_endpoint.hits.len(), by_endpoint.searched_entries),
        (2, one.records.len() as u64)
    );
    // Logs 1 and 2 belong to one client, 11 to another.
    let by_client = case
        .ask(SearchQuery {
            client: Some(case.logs[0].client.to_string()),
            ..text()
        })
        .await;
    assert_eq!(
        (by_client.hits.len(), by_client.searched_entries),
        (4, 2 * one.records.len() as u64)
    );
    let by_kind = case
        .ask(SearchQuery {
            kinds: vec!["command.output".to_owned()],
            text: "echo".to_owned(),
            ..text()
        })
        .await;
    assert_eq!((by_kind.hits.len(), by_kind.searched_entries), (0, 24));
    let by_member = case
        .ask(SearchQuery {
            member: Some(one.member.to_string()),
            ..text()
        })
        .await;
    // All but the three entries that begin each log belong to the technician's sessions.
    assert_eq!(
        (by_member.hits.len(), by_member.searched_entries),
        (6, 3 * (one.records.len() as u64 - 3))
    );
    let nobody = case
        .ask(SearchQuery {
            member: Some("mem_x".to_owned()),
            ..text()
        })
        .await;
    assert_eq!((nobody.hits.len(), nobody.searched_entries), (0, 0));
    let begin = 1_760_000_000_000 + 2 * 86_400_000;
    let by_time = case
        .ask(SearchQuery {
            from_ms: Some(begin),
            to_ms: Some(begin + 86_400_000),
            ..text()
        })
        .await;
    assert_eq!((by_time.hits.len(), by_time.searched_entries), (2, one.records.len() as u64));
    let part = case
        .ask(SearchQuery {
            from_ms: Some(begin),
            to_ms: Some(begin + 37 * 5),
            ..text()
        })
        .await;
    assert_eq!((part.hits.len(), part.searched_entries), (0, 5));
    let listed = case
        .ask(SearchQuery {
            limit: 7,
            ..SearchQuery::default()
        })
        .await;
    assert_eq!((listed.hits.len(), listed.truncated), (7, true));
}

#[tokio::test]
async fn history_offers_what_was_typed_before() {
    let case = filled().await;
    let endpoint = case.logs[0].endpoint.to_string();
    let all = case.console.command_history(None, "", 0).await.unwrap();
    assert_eq!((all.len(), all[0].as_str()), (8, "echo 7 # ls"));
    let some = case.console.command_history(Some(&endpoint), "echo 3", 5).await.unwrap();
    assert_eq!(some, ["echo 3 # ls"]);
    assert!(case.console.command_history(None, "Echo", 5).await.unwrap().is_empty());
    assert!(case.console.command_history(None, "%", 5).await.unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    /// Whatever is typed: no error, and exactly those outputs that hold every word.
    #[test]
    fn anything_may_be_typed(texts in proptest::collection::vec("[ -~\u{0}\u{e9}東京\u{1b}\n]{0,12}", 24)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let case = filled().await;
            for text in &texts {
                case.search(text).await;
            }
            // Every piece of every output is found again.
            for output in OUTPUTS {
                let chars: Vec<char> = output.chars().filter(|c| *c != '"').collect();
                for piece in chars.chunks(5) {
                    let piece: String = piece.iter().collect();
                    if piece.trim().chars().count() >= 2 && output.contains(&piece) && !piece.contains(char::is_whitespace) {
                        assert!(!case.search(&piece).await.hits.is_empty(), "{piece:?}");
                    }
                }
            }
        });
    }
}
