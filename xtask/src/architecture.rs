//! The house's walls as tests: which room may depend on which, and what the pure rooms may not touch. See docs/ARCHITECTURE.md.

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

    use crate::unused::{names, packages};
    use crate::{place, unused};
    use serde_json::Value;
    use std::collections::{BTreeMap, BTreeSet};

    /// Every room, and the rooms that it may name. A new crate has to be entered here, which is the point.
    const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
        ("caisey-ledger", &[]),
        ("caisey-command", &["caisey-ledger"]),
        ("caisey-protocol", &["caisey-ledger"]),
        (
            "caisey-control",
            &[
                "caisey-command",
                "caisey-ledger",
                "caisey-policy",
                "caisey-protocol",
                "caisey-transcript",
            ],
        ),
        (
            "caisey-control-native",
            &[
                "caisey-control",
                "caisey-ledger",
                "caisey-protocol",
                "caisey-share",
                "caisey-transcript",
            ],
        ),
        (
            "caisey-control-worker",
            &[
                "caisey-control",
                "caisey-ledger",
                "caisey-protocol",
                "caisey-share",
                "caisey-transcript",
            ],
        ),
        ("caisey-scrub", &[]),
        ("caisey-transcript", &["caisey-command", "caisey-ledger", "caisey-scrub"]),
        ("caisey-share", &["caisey-ledger", "caisey-transcript"]),
        ("caisey-share-check", &["caisey-share"]),
        ("caisey-client", &["caisey-ledger", "caisey-protocol"]),
        ("caisey-policy", &["caisey-command", "caisey-ledger"]),
        (
            "caisey-runtime",
            &["caisey-client", "caisey-command", "caisey-ledger", "caisey-protocol"],
        ),
        (
            "caisey-console",
            &[
                "caisey-client",
                "caisey-command",
                "caisey-ledger",
                "caisey-policy",
                "caisey-protocol",
                "caisey-transcript",
            ],
        ),
        (
            "caisey-pdf",
            &["caisey-console", "caisey-ledger", "caisey-protocol", "caisey-transcript"],
        ),
        (
            "caisey-cli",
            &[
                "caisey-client",
                "caisey-command",
                "caisey-console",
                "caisey-ledger",
                "caisey-pdf",
                "caisey-protocol",
                "caisey-transcript",
            ],
        ),
        (
            "caisey-testkit",
            &["caisey-client", "caisey-control", "caisey-ledger", "caisey-protocol"],
        ),
        (
            "caisey-desktop",
            &[
                "caisey-client",
                "caisey-console",
                "caisey-control-native",
                "caisey-ledger",
                "caisey-pdf",
                "caisey-protocol",
                "caisey-runtime",
            ],
        ),
        (
            "caisey-stories",
            &[
                "caisey-client",
                "caisey-console",
                "caisey-ledger",
                "caisey-pdf",
                "caisey-protocol",
            ],
        ),
        ("xtask", &[]),
    ];

    const PURE: &[&str] = &[
        "caisey-ledger",
        "caisey-command",
        "caisey-policy",
        "caisey-scrub",
        "caisey-transcript",
        "caisey-protocol",
        "caisey-control",
        "caisey-share",
    ];

    /// Packages through which a pure room would get a clock, randomness, threads, files or sockets.
    const WORLDLY: &[&str] = &[
        "tokio",
        "async-std",
        "smol",
        "rand",
        "getrandom",
        "fastrand",
        "rusqlite",
        "reqwest",
        "axum",
        "hyper",
        "chrono",
        "time",
        "uuid",
        "tempfile",
        "tracing-subscriber",
        "tokio-tungstenite",
    ];

    /// The same through the standard library. `std::time::Duration` is a number and may be used.
    const WORLDLY_STD: &[&str] = &[
        "SystemTime",
        "Instant",
        "std::fs",
        "std::net",
        "std::thread",
        "std::process",
        "std::env",
        "OsRng",
        "thread_rng",
        "async",
    ];

    fn by_name() -> BTreeMap<String, Value> {
        let packages = packages().unwrap();
        packages
            .into_iter()
            .map(|package| (package["name"].as_str().unwrap().to_owned(), package))
            .collect()
    }

    fn dependencies(package: &Value, with_tests: bool) -> BTreeSet<String> {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| with_tests || dependency["kind"] != "dev")
            .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn no_room_names_one_that_it_may_not() {
        let packages = by_name();
        for (name, package) in &packages {
            let Some((_, allowed)) = MAY_DEPEND_ON.iter().find(|(room, _)| room == name) else {
                panic!("{name} is a new room: say in xtask/src/architecture.rs and docs/ARCHITECTURE.md what it may depend on");
            };
            for dependency in dependencies(package, false) {
                let is_ours = packages.contains_key(&dependency);
                assert!(
                    !is_ours || allowed.contains(&dependency.as_str()),
                    "{name} may not depend on {dependency}"
                );
            }
        }
        for (room, _) in MAY_DEPEND_ON {
            assert!(packages.contains_key(*room), "{room} is gone: take it out of the table");
        }
    }

    #[test]
    fn the_testkit_is_used_by_tests_alone() {
        for (name, package) in by_name() {
            assert!(
                !dependencies(&package, false).contains("caisey-testkit"),
                "{name} may use caisey-testkit in its tests only"
            );
        }
    }

    #[test]
    fn only_the_desktop_names_tauri() {
        for (name, package) in by_name() {
            let tauri = dependencies(&package, true)
                .into_iter()
                .find(|dependency| dependency.starts_with("tauri"));
            assert!(
                name == "caisey-desktop" || tauri.is_none(),
                "{name} may not depend on {tauri:?}"
            );
        }
    }

    #[test]
    fn pure_rooms_do_not_touch_the_world() {
        let packages = by_name();
        for room in PURE {
            for dependency in dependencies(&packages[*room], false) {
                assert!(
                    !WORLDLY.contains(&dependency.as_str()),
                    "{room} is pure and may not depend on {dependency}"
                );
            }
            let folder = place::root()
                .join("crates")
                .join(room.trim_start_matches("caisey-"))
                .join("src");
            for (path, text) in unused::rust_files(&[folder]).unwrap() {
                // Tests of a pure room may do as they like; by convention they stand last in a file, or in a file of their own.
                let code = text.split("#[cfg(test)]").next().unwrap();
                for word in WORLDLY_STD {
                    assert!(
                        path.ends_with("tests.rs") || !names(code, word),
                        "{} is in a pure room and names {word}",
                        path.display()
                    );
                }
            }
        }
    }
}
