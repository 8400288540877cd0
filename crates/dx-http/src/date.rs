//! The Date header's value.
//!
//! Owns the calendar and the IMF-fixdate format. May not read a clock: seconds come in. Its one
//! invariant: a date is always 29 ASCII bytes, and its header line 37.

use core::fmt;

/// 9999-12-31 23:59:59, the last second a year of four digits can write.
const LAST_SECOND: u64 = 253_402_300_799;
const DAY_SECONDS: u64 = 86_400;
const TEMPLATE: [u8; 37] = *b"date: ThX, 00 XXX 0000 00:00:00 GMT\r\n";
const VALUE: core::ops::Range<usize> = 6..35;

/// A point in time as an IMF-fixdate (RFC 9110 section 5.6.7), formatted once and copied often.
///
/// ```
/// let date = dx_http::Date::from_unix(784_111_777);
/// assert_eq!(date.as_str(), "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
#[derive(Clone, Copy)]
pub struct Date {
    /// INVARIANT: what `line` was made of; dates are compared by it.
    seconds: u64,
    /// The whole header line with its CRLF.
    line: [u8; 37],
}

impl PartialEq for Date {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.seconds == other.seconds
    }
}

impl Eq for Date {}

impl Date {
    /// The date `seconds` after 1970-01-01 00:00:00 UTC, leap seconds not counted. Later than the
    /// end of the year 9999, which the format cannot write, counts as its last second.
    pub fn from_unix(seconds: u64) -> Self {
        let seconds = seconds.min(LAST_SECOND);
        let (days, second) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS);
        let (year, month, day) = civil(days);
        let mut line = TEMPLATE;
        line[6..9].copy_from_slice(three(b"ThuFriSatSunMonTueWed", days % 7));
        line[11..13].copy_from_slice(&two_digits(day));
        line[14..17].copy_from_slice(three(b"JanFebMarAprMayJunJulAugSepOctNovDec", month));
        line[18..20].copy_from_slice(&two_digits(year / 100));
        line[20..22].copy_from_slice(&two_digits(year % 100));
        line[23..25].copy_from_slice(&two_digits(second / 3600));
        line[26..28].copy_from_slice(&two_digits(second / 60 % 60));
        line[29..31].copy_from_slice(&two_digits(second % 60));
        Self { seconds, line }
    }

    /// The 29 bytes of the value.
    pub fn as_bytes(&self) -> &[u8] {
        &self.line[VALUE]
    }

    /// The value as text.
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The header line with its CRLF.
    #[inline(always)]
    pub(crate) fn line(&self) -> &[u8; 37] {
        &self.line
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Date({})", self.as_str())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn three(names: &[u8], index: u64) -> &[u8] {
    let start = index as usize * 3;
    &names[start..start + 3]
}

fn two_digits(number: u64) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

/// Year, month (0 to 11) and day of the month of a day after 1970-01-01, in the proleptic Gregorian
/// calendar: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    // Count from 0000-03-01, so that a leap day ends its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = era * 400 + year_of_era + u64::from(month < 2);
    (year, month, day)
}
