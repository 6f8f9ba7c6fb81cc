//! Passwords, keys and tokens behind their labels, and what a secret looks like.

use super::connection::{connection_string, keywords, listed, oracle, share_with_password, url_with_password};
use super::flag::{credential, flagged, name_password, others, paired as flag_pair, piped, slash};
use super::host::is_host_name;
use super::paired;
use super::person::is_account_name;
use super::plausible::{goes_on_as_sentence, is_secret, secret_part};
use super::shown;
use super::spoken;
use super::token::{signed, told, weak};
use super::typed;
use super::unknown::is_ordinary;
use super::value::{self, Reach, Value, is_flag, is_found, suffix};
use super::words::{holds, is_one_of};
use super::{Anchor, Meaning, Search};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{BLANK, NAME, SOLID};
use crate::line::{Line, is_alphanumeric, is_blank};
use std::ops::Range;

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    let whole = connection_string(&line, search.anchors)
        .or_else(|| keywords(&line, search.anchors))
        .or_else(|| oracle(&line, search.anchors))
        .or_else(|| listed(&line, search.anchors));
    if let Some(range) = whole {
        search
            .found
            .push(Finding::new(range, Class::ConnectionString, "connection-string"));
    }
    for anchor in search.anchors {
        if is_found(search, anchor.start) {
            continue;
        }
        match anchor.meaning {
            Meaning::Setting(Class::User) | Meaning::Phrase(Class::User) | Meaning::Toward => {
                account_and_password(search, anchor)
            }
            Meaning::Pair => {
                if let Some((name, password)) = flag_pair(&line, anchor) {
                    if is_account_name(line.str(name.clone())) {
                        search.found.push(Finding::new(name, Class::User, "account-flag"));
                    }
                    search.found.push(Finding::new(password, Class::Password, "password-flag"));
                }
            }
            _ => {
                if anchor.word == "credential" || anchor.word == "pass" {
                    account_and_password(search, anchor);
                }
                let finding = behind(&line, anchor);
                search.found.extend(finding);
            }
        }
        let name = match anchor.meaning {
            Meaning::NamePassword => name_password(&line, anchor).map(|(name, _)| name),
            Meaning::Slash => slash(&line, anchor).map(|(name, _)| name),
            _ => None,
        };
        if anchor.meaning == Meaning::Slash
            && let Some((_, password)) = slash(&line, anchor)
            && line.at(password.end) == b'@'
        {
            let machine = password.end + 1..line.end_of(NAME, password.end + 1);
            if is_host_name(line.str(machine.clone())) {
                search.found.push(Finding::new(machine, Class::Host, "database"));
            }
        }
        if anchor.word == "createuser " {
            let second =
                typed::second_secret(&line, anchor).map(|range| Finding::new(range, Class::Password, "name-and-password"));
            search.found.extend(second);
        }
        if let Some(name) = name.filter(|name| is_account_name(line.str(name.clone()))) {
            search.found.push(Finding::new(name, Class::User, "name-and-password"));
        }
        if matches!(anchor.meaning, Meaning::Flag(_)) && !is_alphanumeric(line.before(anchor.start)) {
            beside_password(search, anchor);
        }
    }
}

/// The secret that this word announces.
fn behind(line: &Line<'_>, anchor: &Anchor) -> Option<Finding> {
    // No label goes on for so long.
    let labels = || anchor.word.ends_with([' ', ':', '=']) || suffix(line, anchor).len() <= LONGEST_SUFFIX;
    let (range, class, rule) = match anchor.meaning {
        Meaning::Setting(class @ (Class::Password | Class::Token | Class::ConnectionString)) if labels() => {
            let groups = (class == Class::Password)
                .then(|| spoken::grouped(line, anchor.end))
                .flatten();
            let typed = (class == Class::Password).then(|| typed::prompted(line, anchor)).flatten();
            let range = groups
                .or(typed)
                .or_else(|| setting(line, anchor, class))
                .or_else(|| typed::numbered(line, anchor));
            let range = range
                .or_else(|| typed::paired(line, anchor))
                .or_else(|| typed::directive(line, anchor));
            let range = range.or_else(|| match class {
                Class::Password => said(line, anchor),
                Class::Token if matches!(anchor.word, "token" | "api token" | "api key" | "apikey" | "access token") => {
                    spoken::token(line, anchor).or_else(|| told(line, anchor))
                }
                // ", secret c4ll4nish, account jane"
                Class::Token if anchor.word == "secret" && line.str_before(anchor.start, 2) == ", " => {
                    spoken::bare(line, anchor.end)
                }
                // "integration code 35ESTET2…": so long that it can be nothing else.
                Class::Token => spoken::token(line, anchor)
                    .filter(|range| range.len() >= 20)
                    .or_else(|| told(line, anchor)),
                _ => None,
            });
            (range?, class, "labelled-secret")
        }
        Meaning::Phrase(class @ (Class::Password | Class::Token)) if labels() => {
            let range = setting(line, anchor, class).or_else(|| typed::numbered(line, anchor));
            (range?, class, "labelled-secret")
        }
        Meaning::Pin => {
            let range = spoken::pin(line, anchor).or_else(|| setting(line, anchor, Class::Password));
            (range.or_else(|| said(line, anchor))?, Class::Password, "spoken-pin")
        }
        Meaning::Wireless => (spoken::wireless(line, anchor)?, Class::Password, "spoken-password"),
        Meaning::Weak if labels() => {
            let range = typed::key(line, anchor).or_else(|| weak(line, anchor));
            let class = if anchor.word == "wireless." {
                Class::Password
            } else {
                Class::Token
            };
            (range?, class, "labelled-secret")
        }
        Meaning::Hint => (spoken::hinted(line, anchor)?, Class::Password, "spoken-password"),
        Meaning::Piped => (piped(line, anchor)?, Class::Password, "piped-password"),
        Meaning::Credential => (credential(line, anchor)?, Class::Password, "credential-call"),
        Meaning::Flag(flag) => (flagged(line, anchor, flag)?, Class::Password, "password-flag"),
        Meaning::NamePassword => (name_password(line, anchor)?.1?, Class::Password, "name-and-password"),
        Meaning::Slash => (slash(line, anchor)?.1, Class::Password, "name-and-password"),
        Meaning::Scheme => (url_with_password(line, anchor)?, Class::ConnectionString, "url-with-password"),
        Meaning::Share => (
            share_with_password(line, anchor)?,
            Class::ConnectionString,
            "url-with-password",
        ),
        _ => return None,
    };
    Some(Finding::new(range, class, rule))
}

fn said(line: &Line<'_>, anchor: &Anchor) -> Option<Range<usize>> {
    if !is_one_of(suffix(line, anchor), HARMLESS_ENDINGS) {
        return None;
    }
    if is_alphanumeric(line.before(anchor.start)) && anchor.word.len() < 4 {
        return None;
    }
    shown::cited(line, anchor)
        .or_else(|| spoken::tied(line, anchor))
        .or_else(|| spoken::used_as(line, anchor))
        .or_else(|| spoken::somewhere(line, anchor))
        .or_else(|| shown::find(line, anchor))
}

/// "login: hvogt / Kirsche99!", "password for jane is …"
fn account_and_password(search: &mut Search<'_, '_>, anchor: &Anchor) {
    if matches!(anchor.meaning, Meaning::Phrase(_) | Meaning::Toward) {
        let named = ["pass", "kennw", "reset pass"]
            .iter()
            .any(|lead| anchor.word.starts_with(lead));
        let password = named.then(|| spoken::tied(&search.line, anchor)).flatten();
        let others = || {
            spoken::used_as(&search.line, anchor)
                .or_else(|| spoken::somewhere(&search.line, anchor))
                .or_else(|| shown::find(&search.line, anchor))
        };
        let password = password.or_else(|| named.then(others).flatten());
        search
            .found
            .extend(password.map(|range| Finding::new(range, Class::Password, "labelled-secret")));
        return;
    }
    if let Some((name, password)) = paired::beside_name(&search.line, anchor) {
        if is_account_name(search.line.str(name.clone())) {
            search.found.push(Finding::new(name, Class::User, "beside-password"));
        }
        search.found.push(Finding::new(password, Class::Password, "beside-name"));
    }
}

/// Names of accounts and machines on a command line that holds a password.
fn beside_password(search: &mut Search<'_, '_>, anchor: &Anchor) {
    let line = search.line;
    // "-l" lists, "-S" sets other things there.
    if ["zip", "7z", "rar"].iter().any(|program| anchor.word.contains(program)) {
        return;
    }
    for (is_user, range) in others(&line, anchor) {
        let text = line.str(range.clone());
        if is_user && is_account_name(text) {
            search.found.push(Finding::new(range, Class::User, "account-flag"));
        } else if !is_user && anchor.word != "curl" && !line.reads(range.end, "://") && is_host_name(text) {
            search.found.push(Finding::new(range, Class::Host, "machine-flag"));
        }
    }
}

/// How far a name goes on behind a label at most.
const LONGEST_SUFFIX: usize = 32;

/// What may follow a label within the same name without changing what it labels.
const HARMLESS_ENDINGS: &[&str] = &[
    "",
    "s",
    "1",
    "2",
    "_1",
    "_2",
    "_3",
    "hash",
    "_hash",
    "text",
    "word",
    "value",
    "_value",
    "plain",
    "plaintext",
    "phrase",
    "content",
    "data",
    "id",
    "string",
    "key",
    "wordd",
    "et",
    "en",
    "es",
];

/// What `netsh wlan show profile key=clear` calls the key, in several languages.
const NETWORK_KEYS: &[&str] = &[
    "key content",
    "schlüsselinhalt",
    "contenu de la clé",
    "contenido de la clave",
    "contenuto chiave",
    "inhoud van sleutel",
    "sleutelinhoud",
];

fn setting(line: &Line<'_>, anchor: &Anchor, class: Class) -> Option<Range<usize>> {
    let label = anchor.word;
    let short = matches!(
        label,
        "pwd"
            | "psk"
            | "community"
            | "token"
            | "secret"
            | "credential"
            | "cookie"
            | "passwd"
            | "bearer"
            | "/rp"
            | "/pass"
            | "-pass"
            | "_pass"
            | "sig="
            | "pass"
            | "pin"
            | "otp"
            | "pw"
            | "key="
            | "senha"
            | "clave"
            | "mdp"
            | "jwt"
            | "salasana"
            | "parole"
            | "heslo"
    );
    // "?code=…" of a sign-in, not any code.
    if label == "code=" && !matches!(line.before(anchor.start), b'?' | b'&') {
        return None;
    }
    // A short word inside a longer one (`/passwd/`, `tokenize`) labels nothing; `dbPass` does.
    let humped = line.at(anchor.start).is_ascii_uppercase() && line.before(anchor.start).is_ascii_lowercase();
    if short && !humped && is_alphanumeric(line.before(anchor.start)) && is_alphanumeric(line.at(anchor.start)) {
        return None;
    }
    // "sshpass -pWORD" has no blank between.
    let ending = if label.ends_with(['=', ':', ' ']) || label == "sshpass -p" {
        ""
    } else {
        suffix(line, anchor)
    };
    if !is_one_of(ending, HARMLESS_ENDINGS) {
        return None;
    }
    // Words of sentences as well: what is meant stands in quotes.
    if matches!(label, "plaintext" | "ascii-text") && !matches!(line.at(line.forward(anchor.end, is_blank)), b'"' | b'\'') {
        return None;
    }
    // `PASS x`, as FTP and POP3 have it.
    let protocol = label == "pass" && anchor.start == line.start && line.slice(anchor.start..anchor.end) == b"PASS";
    // "set -x API_TOKEN x", "setx API_TOKEN x"
    let shell = || {
        let lead = line.str_before(anchor.start, 40);
        ["set -x ", "set -gx ", "set -Ux ", "setx ", "setenv "]
            .iter()
            .any(|word| holds(lead, word))
    };
    let bare = protocol || is_flag(line, anchor) || matches!(anchor.meaning, Meaning::Phrase(_)) || shell();
    let mut after = anchor.end + ending.len();
    if label.ends_with(['=', ' ', ':']) {
        after -= 1;
    }
    while label == "convertto-securestring" && line.at(line.end_of(BLANK, after)) == b'-' {
        after = line.end_of(SOLID, line.end_of(BLANK, after));
    }
    if label == "sshpass -p" && !is_blank(line.at(after)) {
        let quote = line.at(after);
        if matches!(quote, b'"' | b'\'') {
            return Some(after + 1..line.forward(after + 1, |byte| byte != quote));
        }
        // "-e" takes it from the environment.
        let end = line.end_of(SOLID, after);
        return Some(after..end);
    }
    if label == "wpa_passphrase" && is_blank(line.at(after)) {
        // The network's name comes first.
        let name = line.end_of(BLANK, after);
        let quote = line.at(name);
        let quoted = matches!(quote, b'"' | b'\'');
        after = if quoted {
            line.forward(name + 1, |byte| byte != quote) + 1
        } else {
            line.end_of(SOLID, name)
        };
    }
    let value = value::value(line, after, bare, Reach::Word)?;
    // What Windows shows of a wireless network's key, blanks and all.
    if NETWORK_KEYS.contains(&label) && value.separated && !value.quoted {
        return Some(line.trim(value.range.start..line.end));
    }
    if label.ends_with("cookie") {
        return cookies(line, &value);
    }
    if class == Class::Password
        && let Some(whole) = typed::setting(line, anchor, &value)
    {
        return Some(whole);
    }
    let range = secret_part(line, &value, class)?;
    if label == "sig=" {
        return Some(signed(line, range));
    }
    let assigned = line.before(range.start) == b'=' && range.len() <= 64 && line.at(range.end) == b' ';
    if class == Class::Password && !value.quoted && !assigned && goes_on_as_sentence(line, &range) {
        return None;
    }
    // "secret=radiusek service=ppp": a shared secret, which may be a word.
    let shared = label == "secret" && line.before(range.start) == b'=' && line.at(anchor.end) == b'=';
    let shared = shared && range.len() >= 6 && !is_ordinary(line.str(range.clone()));
    let class = if shared { Class::Password } else { class };
    is_secret(line.str(range.clone()), class, &value).then_some(range)
}

/// "Cookie: name=x; other=y": all of them, when the first is one.
fn cookies(line: &Line<'_>, value: &Value) -> Option<Range<usize>> {
    let start = value.range.start;
    let inside = |byte: u8| value.quoted || !matches!(byte, b'"' | b'\'');
    let first = line.forward(start, |byte| byte != b';' && inside(byte));
    let pair = line.str(start..if value.quoted { first.min(value.range.end) } else { first });
    // Looked at before the rest of the line is.
    if pair.len() < 8 || !pair.contains('=') {
        return None;
    }
    Some(
        start..if value.quoted {
            value.range.end
        } else {
            line.run(start, inside)
        },
    )
}
