//! Times on the command line: `2026-05-27`, `2026-05-27T22:14`, `2026-05-27T22:14:03Z`; always UTC.

use anyhow::{Context, Result, ensure};

/// Milliseconds since the Unix epoch.
pub(crate) fn parse(text: &str) -> Result<u64> {
    read(text).with_context(|| format!("{text:?} is not a time in UTC such as 2026-05-27 or 2026-05-27T22:14:03Z"))
}

fn read(text: &str) -> Result<u64> {
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let numbers = |text: &str, separator: char| -> Result<Vec<u64>> {
        text.split(separator)
            .map(|part| part.parse().context("not a number"))
            .collect()
    };
    let date = numbers(date, '-')?;
    let time = numbers(time, ':')?;
    let [year, month, day] = date.as_slice() else {
        anyhow::bail!("no date")
    };
    let (hour, minute, second) = match time.as_slice() {
        [hour, minute] => (hour, minute, &0),
        [hour, minute, second] => (hour, minute, second),
        _ => anyhow::bail!("no time"),
    };
    ensure!(
        (1970..=9999).contains(year) && (1..=12).contains(month) && (1..=31).contains(day),
        "no such day"
    );
    ensure!(*hour < 24 && *minute < 60 && *second < 60, "no such time");
    let days = days(*year, *month, *day);
    ensure!(caisey_transcript::moment::civil(days) == (*year, *month, *day), "no such day");
    Ok((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000)
}

/// Days since 1970-01-01; Howard Hinnant's `days_from_civil`, for years from 1970 on.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_are_read_as_the_calendar_has_them() {
        for (text, wanted) in [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400_000),
            ("2026-05-27T22:14:03Z", 1_779_920_043_000),
            ("2026-05-27 22:14", 1_779_920_040_000),
        ] {
            assert_eq!(parse(text).unwrap(), wanted, "{text}");
        }
        for wrong in [
            "",
            "yesterday",
            "2026-02-30",
            "2026-13-01",
            "2026-05-27T24:00:00",
            "1969-01-01",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
