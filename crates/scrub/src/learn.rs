//! Learns the weights of what no rule speaks for from labelled text ([`Scales`](crate::Scales)).
//!
//! Logistic regression for each of people, machines and secrets, with a step of its own for every feature (Duchi, Hazan and Singer, Adaptive Subgradient
//! Methods for Online Learning and Stochastic Optimization, JMLR 2011). The same text gives the same bytes on every machine: nothing but sums,
//! products, quotients and square roots.

use crate::class::Class;
use crate::finding::settle;
use crate::map::Map;
use crate::rule::{Quiet, Rules};
use crate::weigh::{BITS, Look, show};
use std::ops::Range;

/// One text with what must not leave of it.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The text, without labels.
    pub text: String,
    /// The ranges that must not leave, with what they hold.
    pub spans: Vec<(Range<usize>, Class)>,
}

/// What is learned apart, in the order of the weights.
const KINDS: [Kind; 3] = [Kind::Person, Kind::Machine, Kind::Secret];

/// What a candidate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Person,
    Machine,
    Secret,
    Nothing,
}

impl Kind {
    /// None for what is found by its form alone, and neither one nor the other.
    fn of(class: Class) -> Option<Self> {
        match class {
            Class::User | Class::DomainUser => Some(Self::Person),
            Class::Host => Some(Self::Machine),
            Class::Password | Class::Token | Class::Key | Class::ConnectionString | Class::LicenceKey => Some(Self::Secret),
            _ => None,
        }
    }

    fn look(self) -> Look {
        if self == Self::Secret { Look::Secret } else { Look::Name }
    }
}

/// A candidate of labelled text.
struct Example {
    look: Look,
    kind: Kind,
    /// Whether rules miss it.
    missed: bool,
    /// Where what it shows stands among the features of all.
    features: Range<usize>,
}

/// How often all examples are gone through.
const ROUNDS: usize = 3;
/// What rules miss counts as often as so many that they find.
const MISSED: f32 = 4.0;
/// The first step of a weight.
const STEP: f32 = 0.1;
/// How strongly weights are drawn to nothing.
const DECAY: f32 = 1e-5;
/// So many steps of a weight are one.
const SCALE: f32 = 64.0;

/// The weights: three signed bytes for every number of a feature.
pub fn learn(rules: &Rules, texts: &[Labelled]) -> Vec<u8> {
    let (examples, features) = examples(rules, texts);
    let mut weights = vec![0; KINDS.len() << BITS];
    for (place, kind) in KINDS.into_iter().enumerate() {
        let places = weights.iter_mut().skip(place).step_by(KINDS.len());
        for (weight, learned) in places.zip(fit(&examples, &features, kind)) {
            let steps = (learned * SCALE).round().clamp(-127.0, 127.0);
            *weight = (steps as i8).cast_unsigned();
        }
    }
    weights
}

fn examples(rules: &Rules, texts: &[Labelled]) -> (Vec<Example>, Vec<u32>) {
    let (mut examples, mut features) = (Vec::new(), Vec::new());
    for labelled in texts {
        let map = Map::new(&labelled.text);
        let known = settle(rules.known(&map, &mut Quiet::default()));
        show(&map, &known, |candidate, numbers| {
            let touches = |range: &Range<usize>| range.start < candidate.range.end && candidate.range.start < range.end;
            let span = labelled.spans.iter().find(|(range, _)| touches(range));
            if let Some(kind) = span.map_or(Some(Kind::Nothing), |(_, class)| Kind::of(*class)) {
                let start = features.len();
                features.extend_from_slice(numbers);
                examples.push(Example {
                    look: candidate.look,
                    kind,
                    missed: !candidate.known,
                    features: start..features.len(),
                });
            }
        });
    }
    (examples, features)
}

/// What every feature weighs for a kind.
fn fit(examples: &[Example], features: &[u32], kind: Kind) -> Vec<f32> {
    let mut weights = vec![Weight::default(); 1 << BITS];
    let mut order: Vec<&Example> = examples.iter().filter(|example| example.look == kind.look()).collect();
    let mut random = Random(1);
    for _ in 0..ROUNDS {
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last + 1));
        }
        for example in &order {
            let numbers = features.get(example.features.clone()).unwrap_or_default();
            let sum = numbers
                .iter()
                .filter_map(|number| weights.get(*number as usize))
                .map(|weight| weight.value)
                .sum();
            let is = example.kind == kind;
            let counts = if is && example.missed { MISSED } else { 1.0 };
            let slope = (chance(sum) - if is { 1.0 } else { 0.0 }) * counts;
            for number in numbers {
                if let Some(weight) = weights.get_mut(*number as usize) {
                    weight.learn(slope);
                }
            }
        }
    }
    weights.into_iter().map(|weight| weight.value).collect()
}

#[derive(Clone, Copy)]
struct Weight {
    value: f32,
    /// The sum of the squares of all slopes so far.
    squares: f32,
}

impl Default for Weight {
    fn default() -> Self {
        Self {
            value: 0.0,
            squares: 1e-3,
        }
    }
}

impl Weight {
    fn learn(&mut self, slope: f32) {
        let slope = slope + DECAY * self.value;
        self.squares += slope * slope;
        self.value -= STEP * slope / self.squares.sqrt();
    }
}

/// The logistic function, of the power that is the limit of (1 + x/n)^n: libraries of mathematics differ in their last bits.
fn chance(sum: f32) -> f32 {
    let mut power = 1.0 - sum.clamp(-20.0, 20.0) / 256.0;
    for _ in 0..8 {
        power *= power;
    }
    1.0 / (1.0 + power)
}

/// The order in which examples are gone through: a linear congruential generator (Knuth, The Art of Computer Programming 2, 3.3.4).
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }
}
