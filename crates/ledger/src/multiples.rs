//! Multiples of one point, computed once, so that multiplying it by any scalar takes a few dozen additions and no doublings.
//!
//! Signed windows of `bits` bits: row `i` holds 1 to 2^(bits − 1) times 2^(bits · i) times the point. Variable time: for public scalars
//! and points only.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;

/// A reduced scalar is below 2^253.
const SCALAR_BITS: usize = 253;

pub(crate) struct Multiples {
    bits: usize,
    points: Vec<EdwardsPoint>,
}

impl Multiples {
    /// `bits` from 4 to 8: more is faster to use, takes longer to make, and needs 160 bytes × 2^(bits − 1) × 253 / bits.
    pub(crate) fn of(point: &EdwardsPoint, bits: usize) -> Self {
        let windows = SCALAR_BITS.div_ceil(bits);
        let row = 1 << (bits - 1);
        let mut points = Vec::with_capacity(windows * row);
        let mut first = *point;
        for _ in 0..windows {
            let mut multiple = first;
            points.push(multiple);
            for _ in 1..row {
                multiple += first;
                points.push(multiple);
            }
            first = multiple + multiple;
        }
        Self { bits, points }
    }

    /// `sum` and the point times the scalar, which must be reduced.
    pub(crate) fn add_to(&self, mut sum: EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
        let row = 1_usize << (self.bits - 1);
        let mut carry = 0;
        for (window, multiples) in self.points.chunks_exact(row).enumerate() {
            let digit = window_of(scalar.as_bytes(), window * self.bits, self.bits) + carry;
            // Above half of the radix, the next window counts one more and this one what is too much.
            if digit <= row {
                carry = 0;
                if let Some(multiple) = digit.checked_sub(1).and_then(|at| multiples.get(at)) {
                    sum += multiple;
                }
            } else {
                carry = 1;
                let excess = 2 * row - digit;
                if let Some(multiple) = excess.checked_sub(1).and_then(|at| multiples.get(at)) {
                    sum -= multiple;
                }
            }
        }
        sum
    }
}

/// `bits` bits (8 at most) of a number in little-endian bytes, from bit `from` on.
fn window_of(bytes: &[u8; 32], from: usize, bits: usize) -> usize {
    let byte = |at: usize| bytes.get(at).copied().map_or(0, usize::from);
    let two = byte(from / 8) | byte(from / 8 + 1) << 8;
    two >> (from % 8) & ((1 << bits) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use curve25519_dalek::traits::Identity as _;
    use proptest::prelude::*;

    fn check(scalar: &Scalar, bits: usize) {
        // A point with a part outside the large subgroup: multiples are by the number, not by its residue.
        let [_, torsion, ..] = EIGHT_TORSION;
        let point = ED25519_BASEPOINT_POINT + torsion;
        let found = Multiples::of(&point, bits).add_to(EdwardsPoint::identity(), scalar);
        assert_eq!(found, point * scalar, "{scalar:?} in windows of {bits}");
    }

    #[test]
    fn the_ends_of_the_range() {
        for bits in 4..=8 {
            for scalar in [
                Scalar::ZERO,
                Scalar::ONE,
                -Scalar::ONE,
                -Scalar::from(16_u64),
                Scalar::from(u64::MAX),
            ] {
                check(&scalar, bits);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_scalar(bytes in any::<[u8; 32]>(), bits in 4_usize..=8) {
            check(&Scalar::from_bytes_mod_order(bytes), bits);
        }
    }
}
