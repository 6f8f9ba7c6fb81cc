//! A rule's hours: in words that people can read in the text (`@hours("Mon Tue 18:00-06:00 UTC+02:00")`), and as the condition that Cedar
//! checks. The words keep what the condition has lost: the clock that they were meant by. They decide nothing.

use caisey_ledger::consent::Window;
use std::fmt::Write as _;

/// Minutes of a week.
const WEEK: i64 = 10_080;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// In words, one way only.
pub(super) fn words(window: &Window) -> String {
    let mut text = String::new();
    for (_, day) in (0_u32..).zip(DAYS).filter(|(bit, _)| window.days & (1 << bit) != 0) {
        let _ = write!(text, "{day} ");
    }
    let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
    let ahead = window.utc_offset_minutes;
    let sign = if ahead < 0 { '-' } else { '+' };
    let _ = write!(
        text,
        "{}-{} UTC{sign}{}",
        clock(window.from_minute),
        clock(window.to_minute),
        clock(ahead.unsigned_abs())
    );
    text
}

/// From these words; none when they are not exactly as [`words`] writes them.
pub(super) fn from_words(text: &str) -> Option<Window> {
    let mut parts: Vec<&str> = text.split(' ').collect();
    let (zone, times) = (parts.pop()?.strip_prefix("UTC")?, parts.pop()?);
    let mut days = 0;
    for day in parts {
        days |= 1 << DAYS.iter().position(|known| *known == day)?;
    }
    let (from, to) = times.split_once('-')?;
    let ahead = i32::try_from(minutes(zone.get(1..)?)?).ok()?;
    let window = Window {
        days,
        from_minute: minutes(from)?,
        to_minute: minutes(to)?,
        utc_offset_minutes: if zone.starts_with('-') { -ahead } else { ahead },
    };
    (window.is_sound() && words(&window) == text).then_some(window)
}

fn minutes(clock: &str) -> Option<u32> {
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes): (u32, u32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 24 && minutes < 60).then_some(hours * 60 + minutes)
}

/// As ranges of the week's minutes in UTC.
pub(super) fn condition(window: &Window) -> String {
    let length = if window.from_minute < window.to_minute {
        i64::from(window.to_minute) - i64::from(window.from_minute)
    } else {
        1_440 - i64::from(window.from_minute) + i64::from(window.to_minute)
    };
    let mut ranges = Vec::new();
    for day in (0..7).filter(|day| window.days & (1 << day) != 0) {
        let start = (day * 1_440 + i64::from(window.from_minute) - i64::from(window.utc_offset_minutes)).rem_euclid(WEEK);
        let end = start + length;
        ranges.push((start, end.min(WEEK)));
        if end > WEEK {
            ranges.push((0, end - WEEK));
        }
    }
    ranges.sort_unstable();
    let ranges: Vec<_> = ranges
        .into_iter()
        .map(|(from, to)| format!("(context.utcMinuteOfWeek >= {from} && context.utcMinuteOfWeek < {to})"))
        .collect();
    if ranges.is_empty() {
        "false".to_owned()
    } else {
        format!("({})", ranges.join(" || "))
    }
}
