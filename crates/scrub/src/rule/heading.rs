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

/// No heading of ours is longer, in bytes.
const LONGEST: usize = 30;

/// A heading in small letters, without what stands between them. Empty when it is longer than any of ours.
struct Plain {
    /// Small letters may have a byte more than capitals.
    bytes: [u8; 2 * LONGEST],
    length: usize,
}

impl Plain {
    fn of(field: &str) -> Self {
        let mut plain = Self {
            bytes: [0; 2 * LONGEST],
            length: 0,
        };
        if field.len() <= LONGEST {
            for c in field.chars().filter(|c| c.is_alphanumeric()) {
                if c.is_ascii() {
                    plain.push(&[c.to_ascii_lowercase() as u8]);
                } else {
                    c.to_lowercase()
                        .for_each(|c| plain.push(c.encode_utf8(&mut [0; 4]).as_bytes()));
                }
            }
        }
        plain
    }

    fn push(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.length..self.length + bytes.len()) {
            place.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }

    fn text(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn known(&self) -> Option<&'static Known> {
        HEADINGS.get(self.text())
    }
}

/// Whether a cell is a heading rather than what stands under one.
pub(super) fn is_heading(cell: &str) -> bool {
    Plain::of(cell).known().is_some()
}

/// The class of every column, by the headings of all of them; none where no heading is known.
pub(super) fn classes(fields: &[&str]) -> Vec<Option<Class>> {
    let plain: Vec<Plain> = fields.iter().map(|field| Plain::of(field)).collect();
    let known: Vec<Option<&Known>> = plain.iter().map(Plain::known).collect();
    let named = plain.iter().any(|plain| plain.text() == "name");
    let name = if named { name_class(&plain, &known) } else { None };
    // An account beside what banks are numbered by is one of theirs.
    let banked = known.iter().flatten().any(|known| known.class == Some(Class::Bank));
    let reached = named_people(&plain);
    let class = |(plain, known): (&Plain, &Option<&Known>)| match plain.text() {
        "name" => name,
        "account" | "accountnumber" if banked => Some(Class::Bank),
        // "initialer;navn;mail;kode": what opens an account, where people and how to reach them stand beside it.
        "kode" | "kod" | "code" | "código" | "codice" | "kód" if reached => Some(Class::Password),
        _ => known.and_then(|known| known.class),
    };
    plain.iter().zip(&known).map(class).collect()
}

/// Whether people and their addresses stand side by side.
fn named_people(plain: &[Plain]) -> bool {
    let has = |words: &[&str]| plain.iter().any(|field| words.contains(&field.text()));
    has(&["mail", "email", "epost", "courriel", "correo"])
        && has(&[
            "navn",
            "namn",
            "name",
            "nom",
            "nombre",
            "nome",
            "naam",
            "initialer",
            "user",
            "login",
        ])
}

/// What "Name" is beside these.
fn name_class(plain: &[Plain], known: &[Option<&Known>]) -> Option<Class> {
    let beside = |test: fn(&Known) -> bool| known.iter().flatten().any(|known| test(known));
    let has = |words: &[&str]| plain.iter().any(|field| words.contains(&field.text()));
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
