//! What names of people begin with, so that few words are looked for in the lists of them.

/// A bit for every three letters, and one for every four.
pub(super) struct Beginnings {
    threes: Vec<u64>,
    fours: Vec<u64>,
}

impl Beginnings {
    pub(super) fn of(names: impl Iterator<Item = &'static str>) -> Self {
        let (mut threes, mut fours) = (vec![0; (1 << 15) / 64], vec![0; (1 << 20) / 64]);
        let set = |bits: &mut Vec<u64>, place: usize| {
            if let Some(bits) = bits.get_mut(place / 64) {
                *bits |= 1 << (place % 64);
            }
        };
        for name in names {
            if let [first, second, third, rest @ ..] = name.as_bytes() {
                let place = place(*first, *second, *third);
                set(&mut threes, place);
                if let [fourth, ..] = rest {
                    set(&mut fours, place << 5 | usize::from(*fourth & 31));
                }
            }
        }
        Self { threes, fours }
    }

    /// Whether some name may begin with these bytes of a word, the first of them a capital.
    #[inline]
    pub(super) fn contains(&self, first: u8, second: u8, third: u8, fourth: u8) -> bool {
        // "Jörg", "Åse": letters above ASCII are looked up.
        if first >= 0x80 || !(second.is_ascii_lowercase() && third.is_ascii_lowercase()) {
            return first >= 0x80 || second >= 0x80 || third >= 0x80 && second.is_ascii_lowercase();
        }
        let three = place(first, second, third);
        let (bits, place) = if fourth.is_ascii_lowercase() {
            (&self.fours, three << 5 | usize::from(fourth & 31))
        } else {
            (&self.threes, three)
        };
        bits.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }
}

#[inline]
fn place(first: u8, second: u8, third: u8) -> usize {
    usize::from(first & 31) << 10 | usize::from(second & 31) << 5 | usize::from(third & 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_what_begins_as_they_do_are_told() {
        let beginnings = Beginnings::of(["Ann", "Karin", "Łukasz"].into_iter());
        let may_be = |word: &str| matches!(*word.as_bytes(), [a, b, c, d, ..] if beginnings.contains(a, b, c, d));
        assert!(may_be("Ann.") && may_be("Karin") && may_be("Łuka"));
        assert!(!may_be("Anno") && !may_be("Karl") && !may_be("KARIN") && !may_be("Compiling"));
    }
}
