//! What a few days say about all days: intervals for shares and for paired differences.
//!
//! Shares: Clopper & Pearson 1934 (exact binomial: never too narrow) and Wilson 1927 (closer, may be too narrow for few
//! days). Paired differences: Student's t on the differences of the same days; it supposes that the days are drawn
//! independently of each other and that their differences are not far from bell-shaped. Quantiles are those of `statrs`.

use statrs::distribution::{Beta, ContinuousCDF, Normal, StudentsT};

/// An interval that holds the true value with the confidence asked for.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Exact two-sided interval for a share of which `n_good` of `n` were seen, by Clopper and Pearson; `confidence` in (0, 1).
///
/// Without trials, or with a confidence out of range, nothing is known: 0 to 1.
#[must_use]
pub fn exact(n_good: u32, n: u32, confidence: f64) -> Interval {
    let unknown = Interval { low: 0.0, high: 1.0 };
    if n == 0 || n < n_good || !is_share(confidence) {
        return unknown;
    }
    let tail = (1.0 - confidence) / 2.0;
    let quantile = |a: u32, b: u32, p: f64| {
        Beta::new(f64::from(a), f64::from(b)).map(|beta| beta.inverse_cdf(p)).ok()
    };
    let n_bad = n - n_good;
    let low = if n_good == 0 { Some(0.0) } else { quantile(n_good, n_bad + 1, tail) };
    let high = if n_bad == 0 { Some(1.0) } else { quantile(n_good + 1, n_bad, 1.0 - tail) };
    low.zip(high).map_or(unknown, |(low, high)| Interval { low, high })
}

/// Lower end of the exact one-sided interval: with this confidence the true share is at least so large.
/// With all of `n` good it is (1 - confidence)^(1/n).
#[must_use]
pub fn at_least(n_good: u32, n: u32, confidence: f64) -> f64 {
    // A one-sided bound is the lower end of a two-sided interval with twice the tail.
    exact(n_good, n, (2.0 * confidence - 1.0).max(f64::MIN_POSITIVE)).low
}

/// Two-sided interval for a share by Wilson's score.
#[must_use]
pub fn wilson(n_good: u32, n: u32, confidence: f64) -> Interval {
    let z = Normal::standard().inverse_cdf(f64::midpoint(1.0, confidence));
    if n == 0 || n < n_good || !is_share(confidence) || !z.is_finite() {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (n, share) = (f64::from(n), f64::from(n_good) / f64::from(n));
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Interval { low: (middle - half).max(0.0), high: (middle + half).min(1.0) }
}

/// Paired differences and what they say.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Paired {
    /// Pairs.
    pub n: usize,
    /// Mean of the differences.
    pub mean: f64,
    /// Their standard deviation (n - 1); `None` with fewer than two pairs.
    pub deviation: Option<f64>,
    /// Interval of the mean by Student's t; `None` with fewer than two pairs.
    pub interval: Option<Interval>,
    /// Two-sided p of no difference; `None` with fewer than two pairs or without any deviation.
    pub p_value: Option<f64>,
}

/// What `differences` of the same days say about their mean; `None` without any.
#[must_use]
pub fn paired(differences: &[f64], confidence: f64) -> Option<Paired> {
    let n = differences.len();
    let n_real = f64::from(u32::try_from(n).ok().filter(|&n| n > 0)?);
    let mean = differences.iter().sum::<f64>() / n_real;
    let single = Paired { n, mean, deviation: None, interval: None, p_value: None };
    if n < 2 || !is_share(confidence) {
        return Some(single);
    }
    let squares: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
    let deviation = (squares / (n_real - 1.0)).sqrt();
    let error = deviation / n_real.sqrt();
    let Ok(student) = StudentsT::new(0.0, 1.0, n_real - 1.0) else { return Some(single) };
    let half = student.inverse_cdf(f64::midpoint(1.0, confidence)) * error;
    let p_value = (error > 0.0).then(|| 2.0 * student.cdf(-(mean / error).abs()));
    Some(Paired {
        deviation: Some(deviation),
        interval: Some(Interval { low: mean - half, high: mean + half }),
        p_value,
        ..single
    })
}

fn is_share(confidence: f64) -> bool {
    0.0 < confidence && confidence < 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-4
    }

    /// Chance of at most `k` of `n`, summed term by term.
    fn binomial_cdf(k: u32, n: u32, p: f64) -> f64 {
        let mut term = (1.0 - p).powi(n.cast_signed());
        let mut sum = term;
        for i in 0..k {
            term *= f64::from(n - i) / f64::from(i + 1) * p / (1.0 - p);
            sum += term;
        }
        sum
    }

    #[test]
    fn exact_ends_have_the_tails_that_they_promise() {
        for (good, n) in [(3, 10), (9, 10), (18, 20), (1, 40)] {
            let Interval { low, high } = exact(good, n, 0.95);
            assert!(close(binomial_cdf(good, n, high), 0.025), "{good} of {n}");
            assert!(close(1.0 - binomial_cdf(good - 1, n, low), 0.025), "{good} of {n}");
        }
        assert_eq!(exact(0, 0, 0.95), Interval { low: 0.0, high: 1.0 });
        assert!(close(exact(0, 10, 0.95).low, 0.0) && close(exact(10, 10, 0.95).high, 1.0));
        assert_eq!(exact(11, 10, 0.95), Interval { low: 0.0, high: 1.0 });
    }

    #[test]
    fn all_good_days_bound_the_share_by_the_root_of_the_risk() {
        for n in [1, 5, 20, 59] {
            assert!(close(at_least(n, n, 0.95), 0.05_f64.powf(1.0 / f64::from(n))), "{n}");
        }
        // The well-known 59 days for 95 % at 95 %.
        assert!(at_least(59, 59, 0.95) >= 0.95 && at_least(58, 58, 0.95) < 0.95);
    }

    #[test]
    fn wilson_is_the_published_example() {
        // Newcombe 1998, table I: 81 of 263, 0.2553 to 0.3662.
        let Interval { low, high } = wilson(81, 263, 0.95);
        assert!(close(low, 0.2553) && close(high, 0.3662), "{low} {high}");
    }

    #[test]
    fn a_paired_difference_is_that_of_the_textbook() {
        // Mean 2, deviation 1, n 4, t(0.975; 3) = 3.1824.
        let half_root = (1.5_f64).sqrt();
        let days = [2.0 - half_root, 2.0 + half_root, 2.0, 2.0];
        let paired = paired(&days, 0.95).unwrap();
        let Interval { low, high } = paired.interval.unwrap();
        assert!(close(low, 2.0 - 3.1824 / 2.0) && close(high, 2.0 + 3.1824 / 2.0), "{low} {high}");
        assert!((0.02..0.04).contains(&paired.p_value.unwrap()));
        assert_eq!(super::paired(&[], 0.95), None);
        assert_eq!(super::paired(&[3.0], 0.95).unwrap().interval, None);
        let same = super::paired(&[1.0, 1.0], 0.95).unwrap();
        assert_eq!((same.interval.unwrap().low, same.p_value), (1.0, None));
    }
}
