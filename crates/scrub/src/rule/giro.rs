//! Accounts of Czech and Slovak banks as they are written within their countries: `19-2000145399/0800`, a number whose digits have a checksum,
//! and the four digits of the bank.

use super::Search;
use super::value::is_found;
use crate::class::Class;
use crate::finding::Finding;
use crate::kind::DIGIT;
use crate::line::is_alphanumeric;

pub(super) fn find(search: &mut Search<'_, '_>) {
    let line = search.line;
    for number in search.numbers {
        let (first, slash) = (number.start, number.end);
        if line.at(slash) != b'/' || !(6..=10).contains(&number.len()) {
            continue;
        }
        let end = line.end_of(DIGIT, slash + 1);
        let bank = end == slash + 5 && matches!(line.at(slash + 1), b'0' | b'2' | b'3' | b'4' | b'5' | b'6' | b'7' | b'8');
        // A prefix of up to six digits.
        let prefix = line.start_of(DIGIT, first.saturating_sub(1));
        let prefixed = line.before(first) == b'-' && (2..=6).contains(&(first - 1 - prefix));
        let start = if prefixed { prefix } else { first };
        let apart = !is_alphanumeric(line.before(start))
            && !matches!(line.before(start), b'/' | b'.' | b'-')
            && !is_alphanumeric(line.at(end))
            && !matches!(line.at(end), b'/' | b'-');
        if bank && apart && is_account(line.str(first..slash)) && !is_found(search, start) {
            search.found.push(Finding::new(start..end, Class::Bank, "czech-account"));
        }
    }
}

/// Whether the digits, each taken as often as its place says, make a multiple of eleven.
fn is_account(text: &str) -> bool {
    let weights = [1, 2, 4, 8, 5, 10, 9, 7, 3, 6];
    let digits = text.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits.zip(weights).map(|(digit, weight)| digit * weight).sum();
    sum > 0 && sum.is_multiple_of(11)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_a_checksum() {
        assert!(is_account("2000145399") && is_account("1617530233"));
        assert!(!is_account("2000145398") && !is_account("0000000000"));
    }
}
