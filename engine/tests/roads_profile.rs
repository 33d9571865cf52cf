//! Profiles: the default is the documented file, own files change single keys, and mistakes are named.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests: small numbers, and a failure is a failed test"
)]

use sharxi_engine::import::{Profile, ProfileError};

const CAR: &str = include_str!("../../data/profiles/car.toml");
const SHARED_TAXI: &str = include_str!("../../data/profiles/shared-taxi.toml");

#[test]
fn the_default_is_the_shared_taxi() {
    assert_eq!(Profile::parse(SHARED_TAXI).unwrap(), Profile::default());
    assert_eq!(Profile::parse("").unwrap(), Profile::default());
    assert_eq!(Profile::built_in("shared-taxi").unwrap(), Profile::default());
    assert_eq!(Profile::default().name(), "shared-taxi");
}

#[test]
fn a_file_names_the_profile_that_it_changes() {
    let car = Profile::parse(CAR).unwrap();
    assert_eq!(Profile::built_in("car").unwrap(), car);
    assert_eq!(Profile::parse("base = \"car\"").unwrap(), car);
    assert_ne!(car, Profile::default());
    assert_eq!(Profile::built_in("lorry"), None);
    assert_eq!(
        error("base = \"lorry\""),
        "read the profile: there is no base \"lorry\"; there are \"car\" and \"shared-taxi\""
    );
}

#[test]
fn one_key_can_be_changed() {
    let text =
        "name = \"minibus\"\n[speeds]\ntrack = 12\nmotorway = 80\n[zones]\n\"XX:rural\" = 70";
    let profile = Profile::parse(text).unwrap();
    assert_eq!(profile.name(), "minibus");
    assert_ne!(profile, Profile::default());
}

fn error(text: &str) -> String {
    Profile::parse(text).unwrap_err().to_string()
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    assert_eq!(
        error("sped_factor = 1.0"),
        "read the profile: there is no key `sped_factor`; did you mean `speed_factor`?"
    );
    assert_eq!(
        error("[speeds]\nprimery = 1.0"),
        "read the profile: there is no key `speeds.primery`; did you mean `primary`?"
    );
    assert_eq!(
        error("[access]\nclose = []"),
        "read the profile: there is no key `access.close`; did you mean `closed`?"
    );
    assert_eq!(error("something_else = 1"), "read the profile: there is no key `something_else`");
}

#[test]
fn numbers_out_of_range_and_wrong_types_are_refused() {
    for text in [
        "speed_max = 1000.0",
        "speed_factor = 0.0",
        "speed_min = nan",
        "[zones]\nurban = -1",
        "[barriers.delay_s]\ngate = inf",
    ] {
        assert!(matches!(Profile::parse(text), Err(ProfileError::OutOfRange { .. })), "{text}");
    }
    for text in [
        "speed_max = \"fast\"",
        "speeds = 3",
        "[access]\nkeys = [1]",
        "name",
        "[surface]\nmud = \"wet\"",
    ] {
        assert!(matches!(Profile::parse(text), Err(ProfileError::Toml { .. })), "{text}");
    }
}
