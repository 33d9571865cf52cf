//! Points on the earth, as OpenStreetMap stores them.

use serde::{Deserialize, Serialize};

/// Mean earth radius in metres (IUGG), the one that great-circle lengths here use.
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A WGS 84 point in units of 1e-7 degrees: always a valid latitude and longitude.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct LatLon {
    lat_e7: i32,
    lon_e7: i32,
}

impl LatLon {
    /// A point from degrees; `None` for NaN, infinities and values outside ±90 / ±180.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "|1.8e9| fits an i32 after the range check"
    )]
    pub fn from_degrees(lat: f64, lon: f64) -> Option<Self> {
        // The comparison is false for NaN.
        if lat.abs() <= 90.0 && lon.abs() <= 180.0 {
            Some(Self { lat_e7: (lat * 1e7).round() as i32, lon_e7: (lon * 1e7).round() as i32 })
        } else {
            None
        }
    }

    /// A point from units of 1e-7 degrees; `None` outside ±90 / ±180 degrees.
    #[must_use]
    pub fn from_e7(lat_e7: i32, lon_e7: i32) -> Option<Self> {
        let valid = lat_e7.unsigned_abs() <= 900_000_000 && lon_e7.unsigned_abs() <= 1_800_000_000;
        valid.then_some(Self { lat_e7, lon_e7 })
    }

    /// Latitude in degrees.
    #[must_use]
    pub fn lat(self) -> f64 {
        f64::from(self.lat_e7) / 1e7
    }

    /// Longitude in degrees.
    #[must_use]
    pub fn lon(self) -> f64 {
        f64::from(self.lon_e7) / 1e7
    }

    /// Latitude in 1e-7 degrees.
    #[must_use]
    pub const fn lat_e7(self) -> i32 {
        self.lat_e7
    }

    /// Longitude in 1e-7 degrees.
    #[must_use]
    pub const fn lon_e7(self) -> i32 {
        self.lon_e7
    }

    /// Great-circle distance in metres (haversine).
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        let (lat_a, lat_b) = (self.lat().to_radians(), other.lat().to_radians());
        let half_lat = (lat_b - lat_a) / 2.0;
        let half_lon = (other.lon() - self.lon()).to_radians() / 2.0;
        let h = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
        2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
    }

    /// The compass bearing of the straight line to `other`, in degrees from 0 (north) up to but not including 360; 0 for
    /// the same point. Flat: right to a fraction of a degree over some kilometres away from the poles.
    #[must_use]
    pub fn bearing_deg(self, other: Self) -> f64 {
        let north = other.lat() - self.lat();
        let middle = ((self.lat() + other.lat()) / 2.0).to_radians();
        let east = (other.lon() - self.lon()) * middle.cos();
        let bearing = east.atan2(north).to_degrees();
        // A hair below zero would be rounded to 360.
        if bearing < 0.0 { (bearing + 360.0) % 360.0 } else { bearing }
    }
}
