//! The number that a requester reads out and whoever decides types.
//!
//! Promises: six digits from bytes that nobody has seen, every number that is not easy as likely as any other; none that a program or a
//! person would try first, because whoever guesses has three tries. What counts as easy: docs/decisions/0084-numbers-that-nobody-tries-first.md.

const NUMBERS: u64 = 1_000_000;

/// Draws one.
pub(super) fn six_digits(drawn: &[u8; 32]) -> String {
    let (words, _) = drawn.as_chunks::<8>();
    let mut numbers = words.iter().map(|word| u64::from_be_bytes(*word) % NUMBERS).map(digits);
    let found = numbers.find(|number| !is_easy(number));
    // Four easy ones in a row come once in a million times; then the next one that is not.
    let first = words.first().map_or(0, |word| u64::from_be_bytes(*word));
    let number = found.unwrap_or_else(|| next_after(first));
    number.iter().map(|digit| char::from(b'0' + digit)).collect()
}

fn next_after(number: u64) -> [u8; 6] {
    let mut number = number % NUMBERS;
    while is_easy(&digits(number)) {
        number = (number + 1) % NUMBERS;
    }
    digits(number)
}

fn digits(number: u64) -> [u8; 6] {
    let mut rest = number;
    let mut digits = [0; 6];
    for digit in digits.iter_mut().rev() {
        *digit = u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
    digits
}

/// Two different digits at most; four in a row with the same step (7777, 1234, 0864); the same two or three again; pairs; a mirror.
fn is_easy(number: &[u8; 6]) -> bool {
    let [a, b, c, d, e, f] = *number;
    let different = (0..10).filter(|digit| number.contains(digit)).count();
    let step = |from: u8, to: u8| (10 + to - from) % 10;
    let stairs = number
        .windows(4)
        .any(|run| matches!(run, [p, q, r, s] if step(*p, *q) == step(*q, *r) && step(*q, *r) == step(*r, *s)));
    let again = [a, b, c] == [d, e, f] || ([a, b] == [c, d] && [c, d] == [e, f]);
    let pairs = a == b && c == d && e == f;
    let mirror = [a, b, c] == [f, e, d];
    different <= 2 || stairs || again || pairs || mirror
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(numbers: [u64; 4]) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (word, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            word.copy_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn numbers_that_scanners_and_people_try_first_are_never_drawn() {
        for easy in [
            0, 111_111, 999_999, 123_456, 654_321, 12_345, 901_234, 135_790, 864_200, 121_212, 123_123, 112_233, 777_712,
            100_001, 123_321, 474_747, 1, 100_000, 199_999, 345_671,
        ] {
            assert_eq!(six_digits(&drawn([easy, 471_100, 0, 0])), "471100", "{easy:06}");
        }
        for fine in [471_100, 293_847, 112_358, 20_406, 908_172, 314_159] {
            assert_eq!(six_digits(&drawn([fine, 0, 0, 0])), format!("{fine:06}"));
        }
    }

    #[test]
    fn a_number_has_six_digits_and_is_not_easy_whatever_was_drawn() {
        for bytes in [[0; 32], [0xff; 32], drawn([123_456, 111_111, 121_212, 999_999])] {
            let number = six_digits(&bytes);
            assert_eq!(
                (number.len(), number.chars().all(|c| c.is_ascii_digit())),
                (6, true),
                "{number}"
            );
            let digits: Vec<u8> = number.bytes().map(|byte| byte - b'0').collect();
            assert!(!<[u8; 6]>::try_from(digits).is_ok_and(|digits| is_easy(&digits)), "{number}");
        }
        assert_eq!(six_digits(&[0; 32]), "000102");
    }

    #[test]
    fn nearly_all_numbers_remain() {
        let easy = (0..NUMBERS).filter(|number| is_easy(&digits(*number))).count();
        assert_eq!(easy, 32_240);
    }
}
