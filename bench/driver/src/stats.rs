//! Medians and spreads.
//!
//! Owns the arithmetic over rounds. Invariant: a ratio is the median of the ratios of each round,
//! so that the machine's slow spells cancel.

/// The middle value, or the mean of the two in the middle; NaN of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[length / 2],
        length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
    }
}

/// The least and the greatest; infinities of none.
pub(crate) fn range(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, greatest)
}

/// What `pair` makes of the values of each round, as a median; rounds that one side lacks are
/// left out.
pub(crate) fn paired(
    these: &[Option<f64>],
    others: &[Option<f64>],
    pair: impl Fn(f64, f64) -> f64,
) -> f64 {
    let both = these.iter().zip(others);
    let values: Vec<f64> =
        both.filter_map(|(this, other)| Some(pair((*this)?, (*other)?))).collect();
    median(&values)
}

/// The values that are there.
pub(crate) fn known(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().filter_map(|value| *value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ranges() {
        assert!(median(&[]).is_nan());
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(range(&[2.0, 1.0, 3.0]), (1.0, 3.0));
    }

    #[test]
    fn a_ratio_is_a_median_of_ratios_over_whole_rounds() {
        let (these, others) = ([Some(2.0), Some(9.0), None], [Some(1.0), Some(3.0), Some(1.0)]);
        assert_eq!(paired(&these, &others, |this, other| this / other), 2.5);
        assert!(paired(&[None], &[Some(1.0)], |this, other| this - other).is_nan());
    }
}
