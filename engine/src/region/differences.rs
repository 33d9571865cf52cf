//! Runs of numbers as differences of neighbours, which take fewer bytes. They wrap, so all runs come back as they were.

/// Differences of neighbours, wrapping.
pub(super) fn differences(values: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut before = 0_i32;
    values.map(|value| value.wrapping_sub(std::mem::replace(&mut before, value))).collect()
}

/// The values again.
pub(super) fn sums(differences: Vec<i32>) -> impl Iterator<Item = i32> {
    differences.into_iter().scan(0_i32, |sum, difference| {
        *sum = sum.wrapping_add(difference);
        Some(*sum)
    })
}

/// The same of unsigned numbers.
pub(super) fn unsigned_differences(values: &[u32]) -> Vec<i32> {
    differences(values.iter().map(|value| value.cast_signed()))
}

/// The numbers again.
pub(super) fn unsigned_sums(values: Vec<i32>) -> Vec<u32> {
    sums(values).map(i32::cast_unsigned).collect()
}
