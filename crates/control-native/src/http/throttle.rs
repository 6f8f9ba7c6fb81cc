//! A token bucket per address, for routes that strangers may knock at.

use crate::object::locked;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Addresses remembered at most; beyond that the full buckets are forgotten first.
const REMEMBERED: usize = 10_000;

/// So many per minute and address, and as many at once.
pub(crate) struct Throttle {
    per_minute: u32,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl Throttle {
    pub(crate) fn per_minute(per_minute: u32) -> Self {
        Self {
            per_minute: per_minute.max(1),
            buckets: Mutex::default(),
        }
    }

    /// How long the address has to wait, if it has to.
    pub(crate) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let mut buckets = locked(&self.buckets);
        let bucket = buckets.get_mut(&grouped(address))?;
        self.refill(bucket, now);
        (bucket.left < 1.0).then(|| Duration::from_secs_f64((1.0 - bucket.left) * 60.0 / f64::from(self.per_minute)))
    }

    /// Takes one from the address.
    pub(crate) fn take(&self, address: IpAddr, now: Instant) {
        let mut buckets = locked(&self.buckets);
        if buckets.len() >= REMEMBERED {
            let full = f64::from(self.per_minute);
            buckets.retain(|_, bucket| {
                self.refill(bucket, now);
                bucket.left < full
            });
            if buckets.len() >= REMEMBERED {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(grouped(address)).or_insert(Bucket {
            left: f64::from(self.per_minute),
            at: now,
        });
        self.refill(bucket, now);
        bucket.left -= 1.0;
    }

    fn refill(&self, bucket: &mut Bucket, now: Instant) {
        let full = f64::from(self.per_minute);
        let gained = now.saturating_duration_since(bucket.at).as_secs_f64() * full / 60.0;
        bucket.left = (bucket.left + gained).min(full);
        bucket.at = now;
    }
}

/// Whoever has one IPv6 address has its whole /64.
fn grouped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let bits = v6.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(bits.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let throttle = Throttle::per_minute(2);
        let (address, start) = (IpAddr::V4(Ipv4Addr::LOCALHOST), Instant::now());
        assert_eq!(throttle.wait(address, start), None);
        throttle.take(address, start);
        assert_eq!(throttle.wait(address, start), None);
        throttle.take(address, start);
        assert!(
            throttle
                .wait(address, start)
                .is_some_and(|wait| wait <= Duration::from_secs(30))
        );
        assert_eq!(throttle.wait(address, start + Duration::from_secs(31)), None);
        assert_eq!(throttle.wait(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), start), None);
    }
}
