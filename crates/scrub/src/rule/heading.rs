//! What stands under the heading of a column. The headings are data (words/headings.txt).

use crate::class::Class;
use std::collections::HashMap;
use std::sync::LazyLock;

const TEXT: &str = include_str!("../../words/headings.txt");

/// What is known of a heading; it may be several things at once.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    class: Option<Class>,
    beside_people: bool,
    beside_machines: bool,
}

static HEADINGS: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| {
    let mut headings: HashMap<&str, Known> = HashMap::new();
    let mut section = "";
    for line in TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
            continue;
        }
        let known = headings.entry(line).or_default();
        match section {
            "beside people" => known.beside_people = true,
            "beside machines" => known.beside_machines = true,
            _ => known.class = known.class.or(Class::from_name(section)),
        }
    }
    headings
});

/// In small letters, without what stands between them; `None` for what is longer than any heading of ours.
pub(super) fn plain(field: &str) -> Option<String> {
    let kept = |c: &char| c.is_alphanumeric();
    (field.len() <= 30).then(|| field.chars().filter(kept).flat_map(char::to_lowercase).collect())
}

/// Whether a cell is a heading rather than what stands under one.
pub(super) fn is_heading(cell: &str) -> bool {
    plain(cell).is_some_and(|plain| HEADINGS.contains_key(plain.as_str()))
}

/// The class of every column, by the headings of all of them.
pub(super) fn classes(fields: &[&str]) -> Vec<Option<Class>> {
    let plain: Vec<String> = fields.iter().map(|field| plain(field).unwrap_or_default()).collect();
    let name = name_class(&plain);
    plain
        .iter()
        .map(|field| match field.as_str() {
            "name" => name,
            "" => None,
            other => HEADINGS.get(other).and_then(|known| known.class),
        })
        .collect()
}

/// What "Name" is beside these.
fn name_class(plain: &[String]) -> Option<Class> {
    let beside = |test: fn(&Known) -> bool| plain.iter().any(|field| HEADINGS.get(field.as_str()).is_some_and(test));
    let has = |words: &[&str]| plain.iter().any(|field| words.contains(&field.as_str()));
    let people = beside(|known| known.beside_people);
    // Pods of Kubernetes, containers and units are no machines.
    if has(&["restarts", "ready", "image", "command", "load", "ports", "displayname"]) && !people {
        return None;
    }
    let listed = plain.len() == 3 && has(&["id"]) && has(&["state"]);
    if listed || beside(|known| known.beside_machines) {
        Some(Class::Host)
    } else {
        people.then_some(Class::User)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_what_it_stands_beside() {
        assert_eq!(classes(&["Name", "SamAccountName"]), [Some(Class::User), Some(Class::User)]);
        assert_eq!(classes(&["NAME", "STATUS", "ROLES"]).first(), Some(&Some(Class::Host)));
        assert_eq!(classes(&["NAME", "READY", "STATUS", "RESTARTS"]).first(), Some(&None));
        assert_eq!(classes(&["Status", "Name", "DisplayName"]).get(1), Some(&None));
    }

    #[test]
    fn every_section_is_known() {
        let sections = TEXT.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
        for section in sections {
            let known = Class::from_name(section).is_some() || matches!(section, "beside people" | "beside machines" | "other");
            assert!(known, "[{section}] says nothing");
        }
    }
}
