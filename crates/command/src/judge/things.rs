//! Things that arguments name.

use super::{Judge, Place};
use crate::knowledge::Thing;
use crate::parse::Word;
use crate::reading::{Resource, ResourceKind};

impl Judge {
    /// Keeps what a word names.
    pub(super) fn name(&mut self, thing: Thing, word: &Word, place: Place) {
        if word.block {
            return;
        }
        let text = word.text.trim();
        match thing {
            Thing::Nothing => {}
            Thing::Is(kind) => self.keep(kind, text, word, place),
            Thing::PerhapsPath => {
                let looks = text.contains(['/', '\\']) || text.get(1..2) == Some(":");
                if looks && !text.starts_with('-') {
                    self.keep(ResourceKind::Path, text, word, place);
                }
            }
            Thing::Owner => {
                let (user, group) = text.split_once([':', '.']).unwrap_or((text, ""));
                self.keep(ResourceKind::User, user, word, place);
                self.keep(ResourceKind::Group, group, word, place);
            }
            Thing::Remote => self.remote(text, word, place),
        }
    }

    fn remote(&mut self, text: &str, word: &Word, place: Place) {
        let is_drive = text.get(1..2) == Some(":");
        match text
            .split_once(':')
            .filter(|(host, _)| !is_drive && !host.contains('/') && !host.is_empty())
        {
            Some((host, path)) => {
                let host = host.rsplit('@').next().unwrap_or(host);
                self.keep(ResourceKind::Host, host, word, place);
                self.keep(ResourceKind::Path, path.trim_start_matches(':'), word, place);
            }
            None if text.contains('@') => {
                self.keep(ResourceKind::Host, text.rsplit('@').next().unwrap_or(text), word, place);
            }
            None => self.keep(ResourceKind::Path, text, word, place),
        }
    }

    fn keep(&mut self, kind: ResourceKind, name: &str, word: &Word, place: Place) {
        let says_something = word.fixed || name.trim_start_matches(['$', '%']).contains(['/', '\\', '.', '@', '-', '*']);
        if name.is_empty() || name == "-" || name == "{}" || !says_something {
            return;
        }
        let kind = refined(kind, name);
        let name = match kind {
            ResourceKind::RegistryKey => name.strip_prefix("Registry::").unwrap_or(name),
            _ => name,
        };
        if self.seen_resources.insert((kind, name.to_owned())) {
            self.resources.push(Resource {
                kind,
                name: name.to_owned(),
                span: place.span(word.span()),
            });
        }
    }
}

/// A path may be a key of the registry or an address on the web.
fn refined(kind: ResourceKind, name: &str) -> ResourceKind {
    if kind != ResourceKind::Path {
        return kind;
    }
    let lower = name.to_lowercase();
    let hive = lower.strip_prefix("registry::").unwrap_or(&lower);
    let hive = hive.split([':', '\\']).next().unwrap_or_default();
    if ["hklm", "hkcu", "hku", "hkcr", "hkcc"].contains(&hive) || hive.starts_with("hkey_") {
        ResourceKind::RegistryKey
    } else if lower.contains("://") && !lower.starts_with("file:") {
        ResourceKind::Url
    } else {
        kind
    }
}
