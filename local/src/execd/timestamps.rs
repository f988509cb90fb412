//! RFC 3339 with up to nine fractional digits and the local offset, as Go writes times into JSON.

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub fn now() -> String {
    format(Timestamp::now(), &TimeZone::system())
}

/// A time of the file system. What does not fit is the epoch.
pub fn from_parts(seconds: i64, nanoseconds: i64) -> String {
    let nanoseconds = i32::try_from(nanoseconds).unwrap_or(0);
    format(Timestamp::new(seconds, nanoseconds).unwrap_or(Timestamp::UNIX_EPOCH), &TimeZone::system())
}

fn format(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    if local.offset().is_zero() {
        local.strftime("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
    } else {
        local.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_writes_them() {
        let at = |nanoseconds| Timestamp::new(1_795_402_241, nanoseconds).unwrap();
        assert_eq!(format(at(611_505_685), &TimeZone::UTC), "2026-11-23T02:50:41.611505685Z");
        assert_eq!(format(at(500_000_000), &TimeZone::UTC), "2026-11-23T02:50:41.5Z");
        assert_eq!(format(at(0), &TimeZone::UTC), "2026-11-23T02:50:41Z");
        assert_eq!(format(at(0), &TimeZone::fixed(jiff::tz::offset(2))), "2026-11-23T04:50:41+02:00");
    }
}
