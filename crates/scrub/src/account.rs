//! What accounts are made of: the names of people, the folders of their profiles, and what is put before and behind for a second one.

use crate::line::is_name;
use crate::rule::Words;

/// What an account is called by that somebody has besides the usual one: `adm-akeller`, `akeller_test`, `t0.akeller`.
static AFFIXES: Words = Words::of(
    "a\nadm\nadmin\nda\nsa\nea\nga\nt0\nt1\nt2\next\npriv\nsu\nsvc\ntest\ntst\ndev\nprd\nprod\nlocal\nold\nnew\nbackup\nbak\nmfa\nvpn\nrdp\nroot\nops\nwks\n\
     srv\ndom\nx\nc\np\nu\n0\n1\n2\n3\n01\n02\nadmins\nhome\nwork\npersonal\nshared\nguest",
);

/// Latin letters without their signs, as accounts are written: `müller` is `mueller`, and `muller` to those who do not know.
pub(crate) fn without_signs(name: &str) -> Vec<String> {
    let spelled = |wide: bool| -> String {
        let mut plain = String::with_capacity(name.len() + 4);
        for c in name.chars() {
            match (c, wide) {
                ('ä', true) => plain.push_str("ae"),
                ('ö' | 'ø', true) => plain.push_str("oe"),
                ('ü', true) => plain.push_str("ue"),
                ('å', true) => plain.push_str("aa"),
                ('ß', _) => plain.push_str("ss"),
                ('æ', _) => plain.push_str("ae"),
                ('œ', _) => plain.push_str("oe"),
                ('þ', _) => plain.push_str("th"),
                _ => plain.push(bare(c)),
            }
        }
        plain
    };
    let (wide, short) = (spelled(true), spelled(false));
    let mut all = vec![wide];
    if all.first() != Some(&short) {
        all.push(short);
    }
    all
}

/// A letter of Latin scripts without its sign.
fn bare(c: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | '\u{1EA0}'..='\u{1EB7}' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ę' | 'ě' | 'ė' | '\u{1EB8}'..='\u{1EC7}' => 'e',
        'ğ' | 'ģ' => 'g',
        'ì'..='ï' | 'ī' | 'ı' | 'į' | 'ĩ' | '\u{1EC8}'..='\u{1ECB}' => 'i',
        'ķ' => 'k',
        'ł' | 'ľ' | 'ļ' => 'l',
        'ñ' | 'ń' | 'ň' | 'ņ' => 'n',
        'ò'..='ö' | 'ø' | 'ő' | 'ō' | 'ơ' | '\u{1ECC}'..='\u{1EE3}' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ť' | 'ţ' | 'ț' => 't',
        'ù'..='ü' | 'ű' | 'ū' | 'ů' | 'ų' | 'ư' | 'ũ' | '\u{1EE4}'..='\u{1EF1}' => 'u',
        'ý' | 'ÿ' | '\u{1EF2}'..='\u{1EF9}' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        _ => c,
    }
}

/// What accounts are made of a person's first and last name: `akeller`, `anna.keller`, `annak`, `keller_a`.
pub(crate) fn accounts_of(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    let mut made = Vec::new();
    for name in without_signs(&lower) {
        let words: Vec<&str> = name
            .split([' ', '.', '_'])
            .filter(|word| word.chars().all(char::is_alphabetic))
            .collect();
        let ([first, .., last], true) = (words.as_slice(), name.is_ascii()) else {
            continue;
        };
        let (Some(f), Some(l)) = (first.get(..1), last.get(..1)) else {
            continue;
        };
        made.extend([
            format!("{first}.{last}"),
            format!("{first}_{last}"),
            format!("{first}-{last}"),
            format!("{first}{last}"),
            format!("{f}{last}"),
            format!("{f}.{last}"),
            format!("{f}_{last}"),
            format!("{f}-{last}"),
            format!("{first}{l}"),
            format!("{first}.{l}"),
            format!("{last}{f}"),
            format!("{last}.{f}"),
            format!("{last}.{first}"),
            format!("{last}_{f}"),
            format!("{last}{first}"),
        ]);
        // "mfqureshi" of three names.
        if let [before @ .., last] = words.as_slice()
            && before.len() > 1
        {
            let initials: String = before.iter().filter_map(|word| word.get(..1)).collect();
            made.push(format!("{initials}{last}"));
            made.push(format!("{last}{initials}"));
        }
    }
    made.retain(|account| account.len() >= 5);
    made
}

/// The account in a path of [`Class::UserPath`](crate::Class::UserPath): what follows the folder of profiles.
pub(crate) fn account_in(path: &str) -> Option<&str> {
    let lower = path.to_ascii_lowercase();
    let folders = [
        "users",
        "home",
        "documents and settings",
        "profiles",
        "profiles$",
        "homes",
        "home$",
        "users$",
        "homedirs",
    ];
    let mut parts = path
        .split(['\\', '/'])
        .zip(lower.split(['\\', '/']))
        .filter(|(part, _)| !part.is_empty());
    parts.find(|(_, lower)| folders.contains(lower))?;
    parts.next().map(|(name, _)| name.trim_end_matches([':', ',', ';', '"']))
}

/// Where an account begins and ends with what is put before and behind it for a second one.
pub(crate) fn with_affixes(text: &str, start: usize, end: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let parts = |byte: &u8| matches!(byte, b'-' | b'_' | b'.');
    let before = bytes.get(start.saturating_sub(9)..start).unwrap_or_default();
    let (mut first, mut last) = (start, end);
    if let Some((sign, lead)) = before.split_last()
        && parts(sign)
    {
        let length = lead.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let from = start - 1 - length;
        let outside = from
            .checked_sub(1)
            .and_then(|at| bytes.get(at))
            .is_none_or(|byte| !is_name(*byte));
        if outside && text.get(from..start - 1).is_some_and(|lead| AFFIXES.contains(lead)) {
            first = from;
        }
    }
    if bytes.get(end).is_some_and(parts) {
        let rest = bytes.get(end + 1..).unwrap_or_default();
        let length = rest.iter().take(9).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let outside = rest.get(length).is_none_or(|byte| !is_name(*byte) || *byte == b'.');
        if outside && text.get(end + 1..end + 1 + length).is_some_and(|tail| AFFIXES.contains(tail)) {
            last = end + 1 + length;
        }
    }
    (first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_spelled_without_signs() {
        let made = accounts_of("Jörg Müller");
        for account in ["jmueller", "jmuller", "joerg.mueller", "jorg.muller", "mueller_j"] {
            assert!(made.iter().any(|known| known == account), "{account} of {made:?}");
        }
        assert!(accounts_of("Keller").is_empty());
    }

    #[test]
    fn a_second_account_is_whole() {
        let whole = |text: &str, name: &str| {
            let start = text.find(name).unwrap_or_default();
            let (start, end) = with_affixes(text, start, start + name.len());
            text.get(start..end).unwrap_or_default().to_owned()
        };
        assert_eq!(whole("as adm-akeller:", "akeller"), "adm-akeller");
        assert_eq!(whole("akeller_admin", "akeller"), "akeller_admin");
        assert_eq!(whole("the akeller-laptop", "akeller"), "akeller");
        assert_eq!(whole("bad-adm-akeller", "akeller"), "akeller");
    }
}
