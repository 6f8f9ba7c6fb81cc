//! When to connect, and when to wait: the same state machine for runtimes and consoles. Pure: time is the caller's steady clock in
//! milliseconds, randomness an argument; it does no I/O.
//!
//! Failures are followed by exponential back-off with full jitter (a uniform choice up to a doubling ceiling), so that a thousand
//! endpoints do not return in step after an outage. The ceiling falls back only after a connection proved stable. A refused identity
//! waits far longer than a broken network, and is retried at once only when the credentials change.

/// Waits never exceed this after a network failure, in milliseconds.
pub const MAX_BACKOFF_MS: u64 = 30_000;
/// First ceiling, in milliseconds.
pub const FIRST_BACKOFF_MS: u64 = 500;
/// A connection that lived this long counts as stable, in milliseconds.
pub const STABLE_MS: u64 = 10_000;
/// Least wait after the other side refused our identity, in milliseconds.
pub const REFUSED_MIN_MS: u64 = 30_000;
/// Most wait after the other side refused our identity, in milliseconds.
pub const REFUSED_MAX_MS: u64 = 300_000;
/// No two attempts are closer than this, whatever happens, in milliseconds.
pub const MIN_GAP_MS: u64 = 100;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Begin.
    Start,
    /// The attempt succeeded: the other side has proved itself and taken us.
    Opened,
    /// An open connection ended.
    Closed,
    /// The attempt failed: no network, no answer, a broken transport.
    Failed,
    /// The attempt failed because the other side will not have us.
    Refused,
    /// The other side asked for a pause of this many milliseconds.
    AskedToWait(u64),
    /// The deadline has come.
    Deadline,
    /// The machine woke from sleep: what failed before may work now.
    Woke,
    /// There is a new token or key.
    CredentialsChanged,
    /// End for good.
    Stop,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Try now; answer with `Opened`, `Failed`, `Refused` or `AskedToWait`.
    Connect,
    /// Come back with `Deadline` at this time of the steady clock, in milliseconds.
    WaitUntil(u64),
    /// Close whatever is open.
    Close,
}

/// Where things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not begun.
    Idle,
    /// An attempt is under way.
    Connecting,
    /// Open since this time.
    Open {
        /// Steady clock, milliseconds.
        since_ms: u64,
    },
    /// Waiting for this time.
    Waiting {
        /// Steady clock, milliseconds.
        until_ms: u64,
        /// Whether our identity was refused: waking from sleep does not help then.
        refused: bool,
    },
    /// Ended.
    Stopped,
}

/// The state machine. See the module's text.
#[derive(Debug, Clone)]
pub struct Connection {
    state: State,
    failures: u32,
    refusals: u32,
    last_attempt_ms: Option<u64>,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            state: State::Idle,
            failures: 0,
            refusals: 0,
            last_attempt_ms: None,
        }
    }
}

impl Connection {
    /// Where things stand.
    pub fn state(&self) -> State {
        self.state
    }

    /// When the machine wants `Deadline`, on the steady clock, in milliseconds.
    pub fn poll_deadline(&self) -> Option<u64> {
        match self.state {
            State::Waiting { until_ms, .. } => Some(until_ms),
            _ => None,
        }
    }

    /// Takes one input at `now_ms`; `random` is fresh and uniform. Inputs that make no sense in the present state change nothing.
    pub fn handle(&mut self, now_ms: u64, random: u64, input: Input) -> Option<Output> {
        match (self.state, input) {
            (State::Stopped, _) => None,
            (_, Input::Stop) => {
                let open = matches!(self.state, State::Open { .. } | State::Connecting);
                self.state = State::Stopped;
                open.then_some(Output::Close)
            }
            (State::Idle, Input::Start) => Some(self.connect(now_ms)),
            (State::Connecting, Input::Opened) => {
                self.state = State::Open { since_ms: now_ms };
                None
            }
            (State::Open { since_ms }, Input::Closed | Input::Failed) => {
                if now_ms.saturating_sub(since_ms) >= STABLE_MS {
                    self.failures = 0;
                    self.refusals = 0;
                }
                Some(self.back_off(now_ms, random))
            }
            (State::Connecting, Input::Failed | Input::Closed) => Some(self.back_off(now_ms, random)),
            (State::Connecting | State::Open { .. }, Input::Refused) => Some(self.back_off_refused(now_ms, random)),
            (State::Connecting | State::Open { .. }, Input::AskedToWait(wait_ms)) => {
                // Spread over half as much again, so that those who were told the same do not return together.
                let wait_ms = wait_ms.clamp(MIN_GAP_MS, REFUSED_MAX_MS);
                Some(self.wait(
                    now_ms.saturating_add(wait_ms).saturating_add(uniform(random, wait_ms / 2)),
                    false,
                ))
            }
            (State::Waiting { until_ms, .. }, Input::Deadline) => {
                if now_ms >= until_ms {
                    Some(self.connect(now_ms))
                } else {
                    Some(Output::WaitUntil(until_ms))
                }
            }
            // Sleep changes nothing about who we are.
            (State::Waiting { until_ms, refused: true }, Input::Woke) => Some(Output::WaitUntil(until_ms)),
            (State::Waiting { until_ms, .. }, Input::Woke) => Some(self.hurry(now_ms, until_ms)),
            (State::Waiting { until_ms, .. }, Input::CredentialsChanged) => {
                self.refusals = 0;
                Some(self.hurry(now_ms, until_ms))
            }
            _ => None,
        }
    }

    fn connect(&mut self, now_ms: u64) -> Output {
        self.state = State::Connecting;
        self.last_attempt_ms = Some(now_ms);
        Output::Connect
    }

    fn wait(&mut self, until_ms: u64, refused: bool) -> Output {
        self.state = State::Waiting { until_ms, refused };
        Output::WaitUntil(until_ms)
    }

    fn back_off(&mut self, now_ms: u64, random: u64) -> Output {
        let ceiling = FIRST_BACKOFF_MS
            .saturating_mul(1 << self.failures.min(16))
            .min(MAX_BACKOFF_MS);
        self.failures = self.failures.saturating_add(1);
        self.wait(now_ms.saturating_add(uniform(random, ceiling).max(MIN_GAP_MS)), false)
    }

    fn back_off_refused(&mut self, now_ms: u64, random: u64) -> Output {
        let ceiling = REFUSED_MIN_MS
            .saturating_mul(1 << self.refusals.min(8))
            .min(REFUSED_MAX_MS - REFUSED_MIN_MS);
        self.refusals = self.refusals.saturating_add(1);
        self.wait(
            now_ms.saturating_add(REFUSED_MIN_MS).saturating_add(uniform(random, ceiling)),
            true,
        )
    }

    /// Brings a wait forward, but never closer to the last attempt than one second.
    fn hurry(&mut self, now_ms: u64, until_ms: u64) -> Output {
        let earliest = self
            .last_attempt_ms
            .map_or(now_ms, |last| last.saturating_add(1_000))
            .max(now_ms);
        if earliest <= now_ms {
            self.connect(now_ms)
        } else {
            self.wait(earliest.min(until_ms), false)
        }
    }
}

/// A uniform choice from 0 to `ceiling` inclusive. The bias of the remainder is below 2^-40 for these ceilings.
fn uniform(random: u64, ceiling: u64) -> u64 {
    random % (ceiling.saturating_add(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    fn started() -> Connection {
        let mut connection = Connection::default();
        assert_eq!(connection.handle(0, 0, Input::Start), Some(Output::Connect));
        connection
    }

    fn wait_of(output: Option<Output>, now_ms: u64) -> u64 {
        match output {
            Some(Output::WaitUntil(until)) => until - now_ms,
            other => panic!("expected a wait, got {other:?}"),
        }
    }

    #[test]
    fn ceilings_double_up_to_thirty_seconds() {
        let mut connection = started();
        let mut seen = Vec::new();
        let mut now = 0;
        for _ in 0..9 {
            // The largest value congruent to the ceiling picks the ceiling itself.
            let ceiling = (FIRST_BACKOFF_MS << seen.len()).min(MAX_BACKOFF_MS);
            let wait = wait_of(connection.handle(now, ceiling, Input::Failed), now);
            seen.push(wait);
            now += wait;
            assert_eq!(connection.handle(now, 0, Input::Deadline), Some(Output::Connect));
        }
        assert_eq!(seen, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn only_a_stable_connection_resets_the_ceiling() {
        let mut connection = started();
        for _ in 0..5 {
            connection.handle(0, 0, Input::Failed);
            connection.handle(MAX_BACKOFF_MS, 0, Input::Deadline);
        }
        let mut flapping = connection.clone();
        flapping.handle(0, 0, Input::Opened);
        assert_eq!(
            wait_of(flapping.handle(STABLE_MS - 1, 16_000, Input::Closed), STABLE_MS - 1),
            16_000
        );
        connection.handle(0, 0, Input::Opened);
        assert_eq!(wait_of(connection.handle(STABLE_MS, 500, Input::Closed), STABLE_MS), 500);
    }

    #[test]
    fn a_refused_identity_waits_long_and_ignores_sleep() {
        let mut connection = started();
        let wait = wait_of(connection.handle(0, 0, Input::Refused), 0);
        assert!(wait >= REFUSED_MIN_MS);
        assert_eq!(connection.handle(5_000, 0, Input::Woke), Some(Output::WaitUntil(wait)));
        assert_eq!(connection.handle(5_000, 0, Input::CredentialsChanged), Some(Output::Connect));
    }

    #[test]
    fn after_sleep_it_is_tried_at_once_but_never_hammered() {
        let mut connection = started();
        connection.handle(0, 500, Input::Failed);
        assert_eq!(connection.handle(10, 0, Input::Woke), Some(Output::WaitUntil(500)));
        assert_eq!(connection.handle(500, 0, Input::Deadline), Some(Output::Connect));
        connection.handle(600, 1_000, Input::Failed);
        assert_eq!(connection.handle(1_550, 0, Input::Woke), Some(Output::Connect));
    }

    fn any_input() -> impl Strategy<Value = Input> {
        prop_oneof![
            Just(Input::Opened),
            Just(Input::Closed),
            Just(Input::Failed),
            Just(Input::Refused),
            any::<u64>().prop_map(Input::AskedToWait),
            Just(Input::Deadline),
            Just(Input::Woke),
            Just(Input::CredentialsChanged),
        ]
    }

    proptest! {
        /// Whatever happens in whatever order: attempts keep their distance, the machine never falls asleep without a deadline.
        #[test]
        fn never_hammers_and_never_sleeps_forever(steps in proptest::collection::vec((any_input(), any::<u64>(), 0u64..40_000), 1..200)) {
            let mut connection = started();
            let (mut now, mut last_attempt) = (0u64, 0u64);
            for (input, random, pause) in steps {
                now += pause;
                if let Some(Output::Connect) = connection.handle(now, random, input) {
                    prop_assert!(now - last_attempt >= MIN_GAP_MS);
                    last_attempt = now;
                }
                match connection.state() {
                    State::Waiting { until_ms, .. } => {
                        prop_assert_eq!(connection.poll_deadline(), Some(until_ms));
                        prop_assert!(until_ms <= now + REFUSED_MAX_MS + REFUSED_MAX_MS / 2);
                    }
                    State::Connecting | State::Open { .. } => {}
                    other => prop_assert!(false, "{:?}", other),
                }
            }
        }
    }
}
