//! Full names of machines: labels joined by dots, the last of them one that names end in. Domains of makers and public services name nobody.

use super::Search;
use super::host::{FILES, is_host_name};
use super::words::{Words, is_one_of};
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::{LABEL, NAME};
use crate::line::is_name;
use crate::sign;

/// Domains of makers and public services: saying that a machine spoke to them names nobody.
static VENDORS: Words = Words::of(include_str!("../../words/public-domains.txt"));

/// Domains under which makers name what belongs to their customers.
static TENANTS: Words = Words::of(include_str!("../../words/tenant-domains.txt"));

/// Last labels of full names.
static LAST: Words = Words::of(include_str!("../../words/last-labels.txt"));

/// Last labels that also end files and namespaces: only after two labels more.
static LATE: Words = Words::of(include_str!("../../words/late-labels.txt"));

/// Last labels within somebody's own network.
static INTERNAL: Words = Words::of(include_str!("../../words/internal-labels.txt"));

/// All three: one look tells that most words behind a dot are none.
static ANY_LAST: Words = Words::of(concat!(
    include_str!("../../words/last-labels.txt"),
    "\n",
    include_str!("../../words/late-labels.txt"),
    "\n",
    include_str!("../../words/internal-labels.txt")
));

/// Whether a full name belongs to a maker or public service.
pub(crate) fn is_vendor(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    let parents = || name.match_indices('.').filter_map(|(dot, _)| name.get(dot + 1..));
    if parents().any(|parent| TENANTS.contains(parent)) {
        return false;
    }
    VENDORS.contains(name) || parents().any(|parent| VENDORS.contains(parent))
}

/// Whether full names of machines, or files of programs, end in this.
pub(super) fn is_ending(last: &str) -> bool {
    let file = |ending: &&str| {
        ending
            .strip_prefix('.')
            .is_some_and(|ending| ending.eq_ignore_ascii_case(last))
    };
    [&LAST, &LATE, &INTERNAL].iter().any(|endings| endings.contains(last)) || FILES.iter().any(file)
}

/// Whether a full name can only be meant within somebody's own network.
pub(crate) fn is_internal(name: &str) -> bool {
    let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    INTERNAL.contains(last)
}

/// Whether this ends full names and is none: `DC=lan`.
pub(super) fn is_last_label(text: &str) -> bool {
    INTERNAL.contains(text) || LAST.contains(text)
}

/// Full names: two labels or more, the last one of those that names end in, none of a maker's.
pub(super) fn dotted(search: &mut Search<'_, '_>) {
    let line = search.line;
    let mut next = line.start;
    for dot in line.places(sign::DOTS_IN_NAMES) {
        if dot < next || !is_name(line.at(dot + 1)) {
            continue;
        }
        let start = line.start_of(LABEL, dot);
        let end = line.end_of(NAME, dot);
        next = end.max(dot + 1);
        let end = line.back(end, |byte| matches!(byte, b'.' | b'-'));
        let name = line.str(start..end);
        let Some((rest, last)) = name.rsplit_once('.') else { continue };
        // Numbers and versions.
        if last.starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        if !ANY_LAST.contains(last) {
            continue;
        }
        let internal = INTERNAL.contains(last)
            && (!is_one_of(last, &["test", "example", "domain"]) || rest.contains('.') || is_invented(rest, last));
        let known = internal || LAST.contains(last) || rest.contains('.') && LATE.contains(last) && !rest.contains('_');
        if !known {
            continue;
        }
        let cased = !last.bytes().any(|byte| byte.is_ascii_uppercase())
            || !name.bytes().any(|byte| byte.is_ascii_lowercase()) && rest.contains('.');
        let outside = matches!(line.before(start), b'@' | b'$' | b'\\')
            || line.before(start) == b'/' && line.before(start.saturating_sub(1)) != b'/'
            || line.at(end) == b'('
            || line.at(end) == b'\\';
        let labels_fit = name.split('.').all(|label| !label.is_empty() && label.len() <= 63);
        // ".in", ".it", ".no", ".at" and ".be" end sentences without a blank; ".net" and ".com" end product names.
        let short = last.len() == 2 && !rest.contains('.') && rest.len() < 4;
        if cased && labels_fit && !outside && !short && is_host_name(name) && !is_namespace(rest) {
            search.found.push(Finding::new(start..end, Class::Host, "full-name"));
        }
    }
}

/// "nordwind.example" is a domain, "settings.example" a file.
fn is_invented(rest: &str, last: &str) -> bool {
    #[rustfmt::skip]
    let files = [
        "config", "settings", "application", "appsettings", "docker-compose", "sample", "template", "local", "default",
        "values", "secrets", "htaccess", "credentials", "environment", "development", "production", "configuration",
        "database", "parameters", "terraform",
    ];
    is_one_of(last, &["example", "test"]) && rest.len() >= 5 && !is_one_of(rest, &files)
}

/// `org.freedesktop.DBus`, `com.apple.Safari` go the other way round.
fn is_namespace(rest: &str) -> bool {
    let first = rest.split('.').next().unwrap_or_default();
    matches!(
        first,
        "com" | "org" | "net" | "io" | "System" | "Microsoft" | "Windows" | "java" | "javax" | "Asp" | "ASP"
    ) && !rest.contains('-')
}
