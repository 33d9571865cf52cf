//! Knobs draw what they say, and nothing when they are off.

use super::*;

fn time(ms: i64) -> EngineTime {
    EngineTime::from_unix_ms(ms)
}

#[test]
fn shares_and_means_are_those_asked_for() {
    let knobs = Uncertainty {
        no_show: 0.1,
        late_rider: 0.5,
        late_rider_s: 100.0,
        report_loss: 0.25,
        report_delay_s: 60.0,
        boarding_s: 20.0,
        ..Uncertainty::default()
    };
    let n = 20_000;
    let (mut never, mut late, mut late_s, mut lost, mut slow_s) = (0, 0, 0.0, 0, 0.0);
    for k in 0..n {
        match knobs.coming(3, RequestId::new(k)) {
            Coming::Never => never += 1,
            Coming::Late(by) => {
                late += 1;
                late_s += by.as_secs_f64();
            }
            Coming::OnTime => {}
        }
        let report = knobs.report_late(3, VehicleId::new(k % 40), u64::from(k));
        assert!(report.is_none_or(|late| late.as_secs_f64() <= 60.0));
        lost += u32::from(report.is_none());
        slow_s += knobs.stop_longer(3, VehicleId::new(k % 40), u64::from(k)).as_secs_f64();
    }
    let share = |count: u32| f64::from(count) / f64::from(n);
    assert!((share(never) - 0.1).abs() < 0.01, "{never}");
    assert!((share(late) - 0.45).abs() < 0.02, "{late}");
    assert!((late_s / f64::from(late) - 100.0).abs() < 5.0, "{late_s}");
    assert!((share(lost) - 0.25).abs() < 0.02, "{lost}");
    assert!((slow_s / f64::from(n) - 20.0).abs() < 1.0, "{slow_s}");
}

#[test]
fn without_knobs_nothing_happens() {
    let (calm, span) = (Uncertainty::default(), (time(0), time(86_400_000)));
    for k in 0..500 {
        let (rider, vehicle) = (RequestId::new(k), VehicleId::new(k));
        assert_eq!(calm.coming(1, rider), Coming::OnTime);
        assert_eq!(calm.cancels_at(1, rider, span), None);
        assert_eq!(calm.pause_of(1, vehicle, span), None);
        assert_eq!(calm.breaks_at(1, vehicle, span), None);
        assert_eq!(calm.stop_longer(1, vehicle, 1), Millis::ZERO);
        assert_eq!(calm.report_late(1, vehicle, 1), Some(Millis::ZERO));
    }
    assert_eq!(calm.closures(1, span).len(), 0);
    assert!((calm.least_factor() - 1.0).abs() < 1e-12);
}

#[test]
fn mishaps_lie_within_their_span_and_do_not_depend_on_other_knobs() {
    let span = (time(1_000_000), time(9_000_000));
    let one = Uncertainty { cancel: 1.0, breakdowns: 1.0, closures: 3, ..Uncertainty::default() };
    let more = Uncertainty { no_show: 0.5, pause: 1.0, late_rider: 0.5, ..one.clone() };
    let within = |at: EngineTime| (span.0..=span.1).contains(&at);
    for k in 0..500 {
        let cancelled = one.cancels_at(1, RequestId::new(k), span);
        assert!(cancelled.is_some_and(within));
        assert_eq!(cancelled, more.cancels_at(1, RequestId::new(k), span));
        let broken = one.breaks_at(1, VehicleId::new(k), span);
        assert!(broken.is_some_and(within));
        assert_eq!(broken, more.breaks_at(1, VehicleId::new(k), span));
        let (from, to) = more.pause_of(1, VehicleId::new(k), span).unwrap();
        assert!(within(from));
        assert_eq!(to.since(from), Millis::from_secs(900));
    }
    assert!(one.closures(1, span).iter().all(|&(_, from, _)| within(from)));
}
