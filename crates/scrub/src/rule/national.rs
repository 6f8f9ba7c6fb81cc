//! Numbers of persons that a country's checksum or layout tells from all others, without any label: PESEL, personnummer, fødselsnummer,
//! CPR, hetu, rodné číslo, Rijksregisternummer, T.C. kimlik, AMKA, isikukood, CPF, AHV, RUT, CUIT, SNILS, 居民身份证, 주민등록번호, codice
//! fiscale, CURP, PAN, NRIC. Those that a checksum of one digit alone would tell, without a date, stand behind labels only.

use super::Search;
use super::value::is_found;
use crate::class::Class;
use crate::finding::Finding;
use crate::line::{Line, is_alphanumeric};
use std::ops::Range;

/// Whether digits, and the text that they stand in, are a person's number.
type Test = fn(&[u32], &str) -> bool;

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for number in search.numbers {
        let (start, run) = (number.start, number.len());
        let found = if line.before(start).is_ascii_uppercase() {
            lettered(&line, start, run)
        } else {
            numbered(&line, start, run)
        };
        let Some(range) = found.filter(|range| is_apart(&line, range)) else {
            continue;
        };
        if !is_found(search, start) {
            search.found.push(Finding::new(range, Class::Ssn, "national-number"));
        }
    }
}

/// Whether nothing joins the number to something longer.
fn is_apart(line: &Line<'_>, range: &Range<usize>) -> bool {
    let before = line.before(range.start);
    let after = line.at(range.end);
    let decimal = after == b'.' && line.at(range.end + 1).is_ascii_digit();
    !is_alphanumeric(before)
        && !matches!(before, b'-' | b'.' | b'_' | b'/' | b'+' | b'#')
        && !is_alphanumeric(after)
        && !matches!(after, b'-' | b'_' | b'/')
        && !decimal
}

/// Numbers that begin with a digit, by how many stand together.
fn numbered(line: &Line<'_>, start: usize, run: usize) -> Option<Range<usize>> {
    let (shapes, test): (&[&str], Test) = match (run, line.at(start + run)) {
        (11, _) => (&["00000000000"], eleven),
        (15, _) => (&["000000000000000"], |digits, _| french(digits)),
        (2, b' ') => (&["00 000000 A 000", "00 000 000 000"], german),
        (17 | 18, _) => (&["000000000000000000", "00000000000000000X"], chinese),
        (6, b'-' | b'+' | b'A') => (
            &["000000-0000000", "000000-0000", "000000-000A", "000000A000A", "000000+0000"],
            dashed,
        ),
        (8, b'-') => (&["00000000-0000"], |digits, _| {
            is_date(digits.get(2..8)) && luhn(digits.get(2..12))
        }),
        (6, b'/') => (&["000000/0000"], czech),
        (2, b'.') => (&["00.00.00-000.00", "00.000.000-A"], dotted),
        (1, b'.') => (&["0.000.000-A"], |_, text| chilean(text)),
        (3, b'.') => (&["000.0000.0000.00", "000.000.000-00"], tripled),
        (3, b'-') => (&["000-000-000 00"], |digits, _| russian(digits)),
        (2, b'-') => (&["00-00000000-0"], |digits, _| argentine(digits)),
        _ => return None,
    };
    let fits = |shape: &&&str| {
        let text = line.str(start..start + shape.len());
        has_shape(text, shape) && test(&digits(text), text)
    };
    let shape = shapes.iter().find(fits)?;
    Some(start..start + shape.len())
}

/// Numbers that begin with letters, by how many digits follow them.
fn lettered(line: &Line<'_>, first: usize, run: usize) -> Option<Range<usize>> {
    let letters = first - line.back(first, |byte| byte.is_ascii_uppercase());
    let (shape, test): (&str, fn(&str) -> bool) = match (letters, run) {
        (6, 2) => ("AAAAAA00A00A000A", |_| true),
        (4, 6) => ("AAAA000000AAAAAA00", |text| {
            matches!(text.as_bytes().get(10), Some(b'H' | b'M'))
        }),
        (5, 4) => ("AAAAA0000A", |text| text.as_bytes().get(3) == Some(&b'P')),
        (1, 7) => ("A0000000A", singaporean),
        _ => return None,
    };
    let start = first - letters;
    let text = line.str(start..start + shape.len());
    (has_shape(text, shape) && test(text)).then(|| start..start + shape.len())
}

/// Whether a text has digits where the shape has `0`, capitals and digits where it has `A` (capitals alone before the first digit), and else
/// the very signs of the shape.
fn has_shape(text: &str, shape: &str) -> bool {
    let lead = shape.bytes().take_while(|byte| *byte == b'A').count();
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .enumerate()
            .all(|(at, (byte, kind))| match kind {
                b'0' => byte.is_ascii_digit(),
                b'A' if at == 6 && !shape.starts_with('A') => byte == b'A',
                b'A' => byte.is_ascii_uppercase() || at >= lead && byte.is_ascii_digit() || byte == b'k',
                _ => byte == kind,
            })
}

fn digits(text: &str) -> Vec<u32> {
    text.bytes()
        .filter(u8::is_ascii_digit)
        .map(|byte| u32::from(byte - b'0'))
        .collect()
}

fn number(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
}

/// The sum of the digits, each taken as often as its weight says.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Year, month and day, two digits each; months may be counted from 20, 40, 50, 60 or 80 on.
fn is_date(digits: Option<&[u32]>) -> bool {
    matches!(digits, Some([_, _, m, n, d, e]) if (1..=12).contains(&((m * 10 + n) % 20 % 50)) && (1..=31).contains(&(d * 10 + e)))
}

/// Day, month and year.
fn is_turned_date(digits: Option<&[u32]>) -> bool {
    matches!(digits, Some([d, e, m, n, y, z]) if is_date(Some(&[*y, *z, *m, *n, *d, *e])) && m * 10 + n <= 12)
}

fn luhn(digits: Option<&[u32]>) -> bool {
    let digits = digits.unwrap_or_default();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            if at % 2 == 0 {
                *digit
            } else {
                digit * 2 / 10 + digit * 2 % 10
            }
        })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// Poland, Norway, Turkey, Greece, Estonia and Lithuania, Belgium.
fn eleven(digits: &[u32], _: &str) -> bool {
    let last = |at: usize| digits.get(at).copied().unwrap_or(10);
    let polish = is_date(digits.get(..6))
        && (10 - weighted(digits.get(..10).unwrap_or_default(), &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10 == last(10);
    let norwegian = || {
        is_turned_date(digits.get(..6))
            && weighted(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
            && weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
    };
    let turkish = || {
        let odd: u32 = digits.iter().step_by(2).take(5).sum();
        let even: u32 = digits.iter().skip(1).step_by(2).take(4).sum();
        let all: u32 = digits.iter().take(10).sum();
        last(0) != 0 && (odd * 7 + 100 - even) % 10 == last(9) && all % 10 == last(10)
    };
    let greek = || is_turned_date(digits.get(..6)) && luhn(Some(digits));
    let estonian = || {
        let first = weighted(digits, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
        let second = weighted(digits, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10;
        (3..=6).contains(&last(0)) && is_date(digits.get(1..7)) && last(10) == if first < 10 { first } else { second }
    };
    polish || norwegian() || turkish() || greek() || estonian() || belgian(digits)
}

/// 97 less the rest of the first nine digits, with a 2 before them for who was born since 2000.
fn belgian(digits: &[u32]) -> bool {
    let Some((nine, check)) = digits.split_at_checked(9) else {
        return false;
    };
    let check = number(check);
    is_date(digits.get(..6))
        && [number(nine), number(nine) + 2_000_000_000]
            .iter()
            .any(|all| 97 - all % 97 == check)
}

/// Sex, year, month, place and order, and 97 less the rest of them.
fn french(digits: &[u32]) -> bool {
    let Some((body, key)) = digits.split_at_checked(13) else {
        return false;
    };
    let month = number(body.get(3..5).unwrap_or_default());
    matches!(body.first(), Some(1 | 2)) && (1..=12).contains(&(month % 20)) && 97 - number(body) % 97 == number(key)
}

/// The number of the pension, with the day of birth and a letter within, and that of the tax office (ISO 7064, mod 11, 10).
fn german(digits: &[u32], text: &str) -> bool {
    if text.len() == 15 {
        let born = digits.get(2..8).map(|born| match born {
            [d, rest @ ..] if *d >= 5 => [&[d - 5], rest].concat(),
            _ => born.to_vec(),
        });
        let letter = text.as_bytes().get(10).is_some_and(u8::is_ascii_uppercase);
        return letter && is_turned_date(born.as_deref());
    }
    let product = digits.iter().take(10).fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    digits.first() != Some(&0) && digits.get(10) == Some(&((11 - product) % 10))
}

fn chinese(digits: &[u32], text: &str) -> bool {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let rest = weighted(digits.get(..17).unwrap_or_default(), &weights) % 11;
    let check = b"10X98765432".get(rest as usize).copied();
    let century = matches!(digits.get(6..8), Some([1, 9] | [2, 0]));
    century && is_date(digits.get(8..14)) && text.bytes().last() == check
}

/// Korea, Sweden, Denmark, Finland.
fn dashed(digits: &[u32], text: &str) -> bool {
    match (text.len(), digits.len()) {
        (14, _) => is_date(digits.get(..6)) && digits.get(6).is_some_and(|sex| (1..=8).contains(sex)),
        (11, 10) if text.ends_with(|c: char| c.is_ascii_digit()) => {
            let swedish = is_date(digits.get(..6)) && luhn(Some(digits));
            let danish =
                || is_turned_date(digits.get(..6)) && weighted(digits, &[4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11);
            swedish || danish() || finnish(digits, text)
        }
        _ => finnish(digits, text),
    }
}

fn finnish(digits: &[u32], text: &str) -> bool {
    let Some(nine) = digits.get(..9) else { return false };
    let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY".get((number(nine) % 31) as usize).copied();
    text.len() == 11 && is_turned_date(digits.get(..6)) && text.bytes().last() == check
}

fn czech(digits: &[u32], _: &str) -> bool {
    let month = digits.get(2..4).map_or(0, |month| number(month) % 50 % 20);
    (1..=12).contains(&month) && number(digits).is_multiple_of(11)
}

/// Belgium, Chile.
fn dotted(digits: &[u32], text: &str) -> bool {
    if text.len() == 15 { belgian(digits) } else { chilean(text) }
}

fn chilean(text: &str) -> bool {
    let Some((body, check)) = text.split_once('-') else {
        return false;
    };
    let digits = digits(body);
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([2, 3, 4, 5, 6, 7, 2, 3])
        .map(|(digit, weight)| digit * weight)
        .sum();
    match 11 - sum % 11 {
        11 => check == "0",
        10 => check.eq_ignore_ascii_case("k"),
        rest => check.parse() == Ok(rest),
    }
}

/// Switzerland (EAN-13), Brazil.
fn tripled(digits: &[u32], text: &str) -> bool {
    if text.len() == 16 {
        let sum = weighted(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
        return text.starts_with("756.") && sum.is_multiple_of(10);
    }
    let check = |count: usize| {
        let sum: u32 = digits
            .iter()
            .take(count)
            .zip((2..=count as u32 + 1).rev())
            .map(|(digit, weight)| digit * weight)
            .sum();
        sum * 10 % 11 % 10
    };
    let same = digits.iter().all(|digit| digits.first() == Some(digit));
    !same && digits.get(9) == Some(&check(9)) && digits.get(10) == Some(&check(10))
}

fn russian(digits: &[u32]) -> bool {
    let sum = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
    digits.get(9..).map(number) == Some(u64::from(sum % 101 % 100))
}

fn argentine(digits: &[u32]) -> bool {
    let sum = weighted(digits.get(..10).unwrap_or_default(), &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    let person = matches!(digits.get(..2), Some([2, 0 | 3 | 4 | 7] | [3, 0 | 3 | 4]));
    person && digits.get(10).copied() == Some((11 - sum % 11) % 11)
}

fn singaporean(text: &str) -> bool {
    let sum = weighted(&digits(text), &[2, 7, 6, 5, 4, 3, 2]);
    let (table, more) = match text.bytes().next() {
        Some(b'S') => (b"JZIHGFEDCBA", 0),
        Some(b'T') => (b"JZIHGFEDCBA", 4),
        Some(b'F') => (b"XWUTRQPNMLK", 0),
        Some(b'G') => (b"XWUTRQPNMLK", 4),
        _ => return false,
    };
    table.get(((sum + more) % 11) as usize).copied() == text.bytes().last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::each;
    use crate::map::Map;

    fn found(text: &str) -> Option<String> {
        let mut all = Vec::new();
        each(&Map::new(text), |line| {
            let numbers: Vec<_> = line.numbers().collect();
            let mut search = Search {
                line,
                anchors: &[],
                numbers: &numbers,
                found: Vec::new(),
            };
            find(&mut search);
            all.append(&mut search.found);
        });
        all.first()
            .and_then(|finding| text.get(finding.range.clone()))
            .map(str::to_owned)
    }

    #[test]
    fn numbers_of_persons_show_themselves() {
        for number in [
            "44051401359",
            "811218-9876",
            "19811218-9876",
            "131052-308T",
            "070761-4285",
            "85.07.30-033.28",
            "736028/5163",
            "111.444.777-35",
            "756.9217.0769.85",
            "12.345.678-5",
            "20-12345678-6",
            "112-233-445 95",
            "11010519491231002X",
            "RSSMRA85T10A562S",
            "S1234567D",
            "900101-1234567",
            "10000000146",
            "53 200460 W 171",
            "47 286 579 304",
            "170075916466527",
        ] {
            assert_eq!(found(&format!("the number is {number}.")).as_deref(), Some(number));
        }
    }

    #[test]
    fn other_numbers_do_not() {
        for text in [
            "44051401358",
            "811218-9877",
            "131052-308A",
            "1.2.3.4-5",
            "20241106-1200",
            "AB123456",
            "17123456789012",
            "12.345.678-4",
        ] {
            assert_eq!(found(text), None, "in {text}");
        }
    }
}
