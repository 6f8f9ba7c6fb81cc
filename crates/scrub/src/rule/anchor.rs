//! Words that announce something, and what they announce. The words are data (words/anchors.txt); this reads them.

use crate::class::Class;

/// A word of the table, found in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    /// As it stands in the table.
    pub(crate) word: &'static str,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) meaning: Meaning,
}

/// What a word announces: the section of the table that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// A folder whose children are people's profiles.
    Profiles,
    /// Announces the path of somebody's folder or profile.
    Home,
    /// Two slashes, before the name of a machine that shares files.
    Share,
    /// Ends the name of a personal document.
    Extension,
    /// Ends the name of a file that may as well be a program's: personal when the rest of the name says so.
    Ending,
    /// A setting, column or flag whose value is of this class.
    Setting(Class),
    /// A command or phrase that the value follows after nothing but a blank.
    Phrase(Class),
    /// A phrase of sentences as well as of commands, before a name that must look like one.
    Mention(Class),
    /// The value may have several words, up to the end of the field.
    Field(Class),
    /// A command whose answer is of this class.
    Answer(Class),
    /// A wireless network, which people name beside its password.
    Wireless,
    /// A word that is a name of tokens now and then: what follows must look like one.
    Weak,
    /// A number that opens something: a PIN, a code.
    Pin,
    /// A program that takes a password by this short flag (glued to it, or as the next word).
    Flag(&'static str),
    /// `net user NAME PASSWORD`, `htpasswd -b FILE NAME PASSWORD`: a name and a password without any flag.
    NamePassword,
    /// `sqlplus NAME/PASSWORD@DATABASE`.
    Slash,
    /// Beginning of a token or digest whose maker marks it, in the case that the maker writes, and how many more bytes it has at least.
    Mark(usize),
    /// `-----BEGIN` and the like.
    Pem,
    /// `scheme://`.
    Scheme,
    /// A number of an account, before its name in brackets.
    Id,
    /// What follows the name of an account or machine.
    Before(Class),
    /// What `login` says of the last time.
    LastLogin,
    /// A class of services, before the name of a machine.
    Principal,
    /// A greeting, before the name of a person.
    Greeting,
    /// A title, before the name of a person.
    Title,
    /// What people do with others ("spoke to"), before the name of a person.
    Toward,
    /// What is said of people (" from accounting"), behind the name of one.
    Said,
    /// What stands before people and things, before the name of one that is no other word.
    Near,
    /// What people do, behind the name of one that is no other word.
    Does,
    /// What machines do, behind the name of one that is no other word.
    Serves,
    /// The end of a letter, before the name of a person on this line or the next.
    Closing,
    /// What is put behind names in Chinese, Japanese and Korean.
    Honorific,
    /// The flag of a user's name, which that of a password may follow.
    Pair,
    /// What is said before a password as well as before other things: what follows must look like one.
    Hint,
    /// A word in the names that people give to their devices.
    Device,
    /// The sign `@` as addresses of the web write it.
    Escaped,
    /// A program that reads a password from the command before.
    Piped,
    /// A call with a name and a password.
    Credential,
    /// Announces a telephone number.
    Phone,
    /// Announces a product key.
    Licence,
    /// Announces a number of a bank or person, by the class of its value.
    Number(Class),
}

/// Which rules ask for a word, so that a line is not shown to those that nothing in it asks for.
pub(super) mod asks {
    pub(in crate::rule) const SECRET: u32 = 1;
    pub(in crate::rule) const MARK: u32 = 1 << 1;
    pub(in crate::rule) const PATH: u32 = 1 << 2;
    pub(in crate::rule) const DOCUMENT: u32 = 1 << 3;
    pub(in crate::rule) const LICENCE: u32 = 1 << 4;
    pub(in crate::rule) const HOST: u32 = 1 << 5;
    pub(in crate::rule) const SHARE: u32 = 1 << 6;
    pub(in crate::rule) const USER: u32 = 1 << 7;
    pub(in crate::rule) const PEOPLE: u32 = 1 << 8;
    pub(in crate::rule) const SCHEME: u32 = 1 << 9;
    pub(in crate::rule) const PRINCIPAL: u32 = 1 << 10;
    pub(in crate::rule) const BEFORE: u32 = 1 << 11;
    pub(in crate::rule) const LAST_LOGIN: u32 = 1 << 12;
    pub(in crate::rule) const PHONE: u32 = 1 << 13;
    pub(in crate::rule) const NUMBER: u32 = 1 << 14;
    pub(in crate::rule) const MAC: u32 = 1 << 15;
    pub(in crate::rule) const DEVICE: u32 = 1 << 16;
    pub(in crate::rule) const ESCAPED: u32 = 1 << 17;
    /// No rule of the line, only those of tables, listings and the next line.
    pub(in crate::rule) const NONE: u32 = 0;
}

impl Meaning {
    /// The rules that ask for words of this meaning, as bits.
    pub(super) fn asks(self) -> u32 {
        match self {
            Self::Setting(Class::User) => asks::USER | asks::SECRET | asks::NUMBER,
            Self::Phrase(Class::User) => asks::USER | asks::SECRET,
            Self::Field(Class::User) | Self::Mention(Class::User) => asks::USER,
            Self::Setting(Class::Host) | Self::Phrase(Class::Host) | Self::Mention(Class::Host) | Self::Serves => asks::HOST,
            Self::Setting(_) | Self::Phrase(_) => asks::SECRET,
            Self::Toward => asks::PEOPLE | asks::SECRET,
            Self::Scheme => asks::SCHEME | asks::SECRET,
            Self::Pin | Self::Wireless | Self::Weak | Self::Flag(_) | Self::NamePassword | Self::Slash => asks::SECRET,
            Self::Piped | Self::Credential | Self::Pair | Self::Hint => asks::SECRET,
            Self::Device => asks::DEVICE,
            Self::Escaped => asks::ESCAPED,
            Self::Greeting | Self::Title | Self::Said | Self::Does | Self::Near | Self::Closing | Self::Honorific => asks::PEOPLE,
            Self::Profiles | Self::Home => asks::PATH,
            Self::Share => asks::SHARE | asks::SECRET,
            Self::Extension | Self::Ending => asks::DOCUMENT,
            Self::Mark(_) => asks::MARK,
            Self::Before(_) => asks::BEFORE,
            Self::LastLogin => asks::LAST_LOGIN,
            Self::Principal => asks::PRINCIPAL,
            Self::Phone => asks::PHONE,
            Self::Licence => asks::LICENCE,
            Self::Number(Class::Mac) => asks::MAC,
            Self::Number(_) => asks::NUMBER,
            Self::Field(_) | Self::Mention(_) | Self::Answer(_) | Self::Pem | Self::Id => asks::NONE,
        }
    }
}

/// The table: `[meaning]` opens a section, words follow one a line, in quotes where blanks at their ends or quotes belong to them.
const TEXT: &str = include_str!("../../words/anchors.txt");

/// Every word with its meaning. What stands in a section of no known meaning is left out; a test sees to it that none does.
pub(super) fn table() -> Vec<(&'static str, Meaning)> {
    let mut section = None;
    let mut table = Vec::new();
    for line in TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = meaning(name);
        } else if let Some(meaning) = section {
            let quoted = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            table.push((quoted.unwrap_or(line), meaning));
        }
    }
    table
}

fn meaning(section: &'static str) -> Option<Meaning> {
    let (kind, rest) = section.split_once(' ').unwrap_or((section, ""));
    let class = Class::from_name(rest);
    Some(match kind {
        "profiles" => Meaning::Profiles,
        "home" => Meaning::Home,
        "share" => Meaning::Share,
        "extension" => Meaning::Extension,
        "ending" => Meaning::Ending,
        "setting" => Meaning::Setting(class?),
        "phrase" => Meaning::Phrase(class?),
        "mention" => Meaning::Mention(class?),
        "field" => Meaning::Field(class?),
        "answer" => Meaning::Answer(class?),
        "wireless" => Meaning::Wireless,
        "weak" => Meaning::Weak,
        "pin" => Meaning::Pin,
        "flag" => Meaning::Flag(rest),
        "name-password" => Meaning::NamePassword,
        "slash" => Meaning::Slash,
        "mark" => Meaning::Mark(rest.parse().ok()?),
        "pem" => Meaning::Pem,
        "scheme" => Meaning::Scheme,
        "id" => Meaning::Id,
        "before" => Meaning::Before(class?),
        "last-login" => Meaning::LastLogin,
        "principal" => Meaning::Principal,
        "greeting" => Meaning::Greeting,
        "title" => Meaning::Title,
        "toward" => Meaning::Toward,
        "said" => Meaning::Said,
        "does" => Meaning::Does,
        "serves" => Meaning::Serves,
        "near" => Meaning::Near,
        "closing" => Meaning::Closing,
        "honorific" => Meaning::Honorific,
        "pair" => Meaning::Pair,
        "hint" => Meaning::Hint,
        "device" => Meaning::Device,
        "escaped" => Meaning::Escaped,
        "piped" => Meaning::Piped,
        "credential" => Meaning::Credential,
        "phone" => Meaning::Phone,
        "licence" => Meaning::Licence,
        "number" => Meaning::Number(class?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_section_is_known_and_no_word_stands_twice() {
        let mut words = HashSet::new();
        for (word, meaning) in table() {
            assert!(
                words.insert(word.to_ascii_lowercase()),
                "{word:?} as {meaning:?} stands twice"
            );
        }
        let sections = TEXT.lines().filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'));
        for section in sections {
            assert!(meaning(section).is_some(), "[{section}] says nothing");
        }
        assert!(words.len() > 900);
    }
}
