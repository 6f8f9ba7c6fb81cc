//! What auditors ask for, by the names of their controls. A table speaks to a control; whether a control is met is for the auditor to say.

use super::{Line, Verdict};
use serde::{Deserialize, Serialize};

/// Whose controls are named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Nobody's.
    #[default]
    None,
    /// Sarbanes-Oxley Act §404, IT general controls.
    Sox,
    /// HIPAA Security Rule, 45 CFR Part 164, Subpart C.
    Hipaa,
}

/// A control, and what of the table speaks to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Control {
    /// As its source names it.
    pub id: String,
    /// What it asks for.
    pub asks: String,
    /// Where in the table the answer stands.
    pub spoken_to_by: String,
}

/// Number, what it asks for, where the table answers, and the verdicts that it concerns in particular (none: all).
type Rule = (&'static str, &'static str, &'static str, &'static [Verdict]);

const SOX: &[Rule] = &[
    (
        "SOX 404 ITGC: access to programs and data",
        "Access to systems that matter for financial reporting is authorised.",
        "Every action with who asked, who or which policy allowed it, and that this came first.",
        &[],
    ),
    (
        "SOX 404 ITGC: change management",
        "Changes are approved before they are made, by somebody else than who makes them.",
        "Verdict, answers and their places in the log; `class` tells changing from reading.",
        &[
            Verdict::ApprovedBeforeItRan,
            Verdict::AutomaticUnderPolicy,
            Verdict::Exception,
        ],
    ),
    (
        "SOX 404 ITGC: emergency changes",
        "Emergency changes are recorded and reviewed afterwards.",
        "Verdicts of emergencies, reviewed and not.",
        &[Verdict::BreakGlassReviewed, Verdict::BreakGlassUnreviewed],
    ),
    (
        "SOX 802 (18 U.S.C. 1519)",
        "Records are not altered or destroyed.",
        "`snapshot`: the digest that ties the table to a record which proves that nothing is missing.",
        &[],
    ),
];

const HIPAA: &[Rule] = &[
    (
        "45 CFR 164.308(a)(1)(ii)(D)",
        "Information system activity is reviewed regularly.",
        "The table itself, exceptions first; and who attested the record.",
        &[],
    ),
    (
        "45 CFR 164.308(a)(3)(ii)(A)",
        "Work with protected health information is authorised or supervised.",
        "Who asked, who allowed it, before it ran.",
        &[
            Verdict::ApprovedBeforeItRan,
            Verdict::AutomaticUnderPolicy,
            Verdict::Exception,
        ],
    ),
    (
        "45 CFR 164.312(a)(2)(ii)",
        "There is a procedure for access in an emergency.",
        "Verdicts of emergencies, reviewed and not.",
        &[Verdict::BreakGlassReviewed, Verdict::BreakGlassUnreviewed],
    ),
    (
        "45 CFR 164.312(b)",
        "Activity in systems is recorded and examined.",
        "Every action with exact command, times, places in the log and outcome.",
        &[],
    ),
    (
        "45 CFR 164.312(c)(1)",
        "Information is protected from improper alteration.",
        "`snapshot`: the digest that ties the table to a record which proves that nothing is missing.",
        &[],
    ),
    (
        "45 CFR 164.312(d)",
        "Persons are who they claim to be.",
        "Answers with channel and assurance; each signed one is by a key that the log introduces.",
        &[Verdict::ApprovedBeforeItRan, Verdict::Exception],
    ),
];

impl Preset {
    fn rules(self) -> &'static [Rule] {
        match self {
            Self::None => &[],
            Self::Sox => SOX,
            Self::Hipaa => HIPAA,
        }
    }

    /// All controls.
    pub fn controls(self) -> Vec<Control> {
        let control = |(id, asks, spoken_to_by, _): &Rule| Control {
            id: (*id).to_owned(),
            asks: (*asks).to_owned(),
            spoken_to_by: (*spoken_to_by).to_owned(),
        };
        self.rules().iter().map(control).collect()
    }

    /// Those that one action speaks to.
    pub(super) fn controls_of(self, line: &Line) -> Vec<String> {
        self.rules()
            .iter()
            .filter(|(.., verdicts)| verdicts.is_empty() || verdicts.contains(&line.verdict))
            .map(|(id, ..)| (*id).to_owned())
            .collect()
    }
}
