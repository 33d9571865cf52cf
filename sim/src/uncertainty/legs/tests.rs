//! Factors are what they are said to be, and a leg is as long as its factor makes it.

use super::*;

#[test]
fn factors_have_mean_one_and_the_deviation_that_was_asked_for() {
    let mut legs = Legs::new(5, &Uncertainty { travel_time: 0.15, ..Uncertainty::default() });
    let n = 20_000;
    let draws: Vec<f64> = (0..n).map(|k| legs.draw(VehicleId::new(k % 50))).collect();
    let mean = draws.iter().sum::<f64>() / f64::from(n);
    let logs: Vec<f64> = draws.iter().map(|draw| draw.ln()).collect();
    let middle = logs.iter().sum::<f64>() / f64::from(n);
    let spread = (logs.iter().map(|l| (l - middle).powi(2)).sum::<f64>() / f64::from(n)).sqrt();
    assert!((mean - 1.0).abs() < 0.005, "{mean}");
    assert!((spread - 0.15).abs() < 0.003, "{spread}");
    let least = Uncertainty { travel_time: 0.15, ..Uncertainty::default() }.least_factor();
    assert!(draws.iter().all(|draw| least <= *draw));
    assert!((Uncertainty::default().least_factor() - 1.0).abs() < 1e-12);
}
