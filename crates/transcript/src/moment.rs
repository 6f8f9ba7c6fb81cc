//! Times as people read them: UTC, Gregorian, with the zone said. No clock is read.

const MS_PER_DAY: u64 = 86_400_000;

/// `2026-05-27`
pub fn date(time_ms: u64) -> String {
    let (year, month, day) = civil(time_ms / MS_PER_DAY);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `22:14:03 UTC`
pub fn clock(time_ms: u64) -> String {
    let seconds = time_ms % MS_PER_DAY / 1000;
    format!("{:02}:{:02}:{:02} UTC", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `27 May 2026, 22:14:03 UTC`
pub fn full(time_ms: u64) -> String {
    format!("{}, {}", day(time_ms), clock(time_ms))
}

/// `27 May 2026`
pub fn day(time_ms: u64) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let (year, month, day) = civil(time_ms / MS_PER_DAY);
    let name = usize::try_from(month)
        .ok()
        .and_then(|month| MONTHS.get(month.saturating_sub(1)))
        .copied()
        .unwrap_or("");
    format!("{day} {name} {year}")
}

/// `17 min 5 s`
pub fn span(length_ms: u64) -> String {
    let seconds = length_ms / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{length_ms} ms"),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Year, month and day of a day counted from 1970-01-01; Howard Hinnant's `civil_from_days`, for days that are not negative.
pub fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_the_calendar_has_them() {
        for (time_ms, wanted) in [
            (0, "1 January 1970, 00:00:00 UTC"),
            (951_782_400_000, "29 February 2000, 00:00:00 UTC"),
            (1_779_920_043_999, "27 May 2026, 22:14:03 UTC"),
            (4_102_444_799_999, "31 December 2099, 23:59:59 UTC"),
        ] {
            assert_eq!(full(time_ms), wanted);
        }
        assert_eq!(span(999), "999 ms");
        assert_eq!(span(61_500), "1 min 1 s");
        assert_eq!(span(7_260_000), "2 h 1 min");
    }
}
