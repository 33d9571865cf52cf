//! The smallest size that is good: in steps of a quarter up or down from a guess, then by bisection.
//!
//! What comes back is good, and one less is not: both have been tried. Were there a size below that is good although a
//! larger one is not, it can be missed: more vehicles change every decision, and now and then one that is worse.

/// The smallest size from 1 to `max` for which `is_good`, as far as bisection can tell; `None` if even `max` is not.
/// Size 0 counts as not good and is never tried. No size is tried twice; about 4 log2 of the distance from `guess` are.
///
/// # Errors
/// The first error of `is_good`.
pub fn smallest<E>(
    guess: u32,
    max: u32,
    mut is_good: impl FnMut(u32) -> Result<bool, E>,
) -> Result<Option<u32>, E> {
    let max = max.max(1);
    let (mut bad, mut good) = (0, None);
    let mut size = guess.clamp(1, max);
    while good.is_none_or(|good| bad + 1 < good) {
        if is_good(size)? {
            good = Some(size);
        } else if size == max {
            return Ok(None);
        } else {
            bad = size;
        }
        size = match good {
            None => size.saturating_add(size.div_ceil(4)).min(max),
            // Nothing is known to be bad yet: a quarter less.
            Some(good) if bad == 0 => (good - good.div_ceil(4)).max(1),
            Some(good) => u32::midpoint(bad, good),
        };
    }
    Ok(good)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn finds_every_threshold_from_every_guess_with_few_tries() {
        for max in [1, 2, 7, 200] {
            for threshold in 1..=max + 1 {
                for guess in [0, 1, 3, 50, 150, 500] {
                    let mut tried = Vec::new();
                    let found = smallest(guess, max, |size| {
                        assert!((1..=max).contains(&size) && !tried.contains(&size), "{size}");
                        tried.push(size);
                        Ok::<bool, Infallible>(threshold <= size)
                    });
                    let expected = (threshold <= max).then_some(threshold);
                    assert_eq!(found, Ok(expected), "{threshold} of {max} from {guess}");
                    assert!(tried.len() <= 30, "{tried:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_found_is_good_and_one_less_is_not_even_if_sizes_are_out_of_order() {
        for pattern in 0..1u32 << 10 {
            let is_good = |size: u32| pattern >> (size - 1) & 1 == 1;
            let found = smallest(5, 10, |size| Ok::<bool, Infallible>(is_good(size))).unwrap();
            match found {
                Some(size) => assert!(is_good(size) && (size == 1 || !is_good(size - 1))),
                None => assert!(!is_good(10)),
            }
        }
    }

    #[test]
    fn an_error_ends_the_search() {
        assert_eq!(smallest(4, 9, |size| if size > 4 { Err(size) } else { Ok(false) }), Err(5));
    }
}
