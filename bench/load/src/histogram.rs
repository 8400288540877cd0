//! Latencies in logarithmic buckets.
//!
//! Owns counting and quantiles. Knows no clock and no unit. Invariant: a quantile is never less
//! than the exact one and at most 1/128 above it.

/// Buckets per power of two, as a power of two.
const SUB_BITS: u32 = 7;
const SUBS: u64 = 1 << SUB_BITS;
/// Exact buckets for values under `SUBS`, then `SUBS` for each further power of two.
const BUCKETS: usize = (64 - SUB_BITS as usize + 1) << SUB_BITS;

/// Counts of values, of fixed size whatever the values are.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Box<[u64]>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram.
    #[must_use]
    pub fn new() -> Self {
        Self { counts: vec![0; BUCKETS].into_boxed_slice(), total: 0 }
    }

    /// Counts `value` once.
    pub fn record(&mut self, value: u64) {
        self.counts[bucket(value)] += 1;
        self.total += 1;
    }

    /// How many values were recorded.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The value that `per_mille` of all recorded values do not exceed; 0 when there are none.
    #[must_use]
    pub fn quantile(&self, per_mille: u64) -> u64 {
        let rank = (u128::from(self.total) * u128::from(per_mille)).div_ceil(1000).max(1);
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += u128::from(*count);
            if seen >= rank {
                return highest(index);
            }
        }
        0
    }
}

fn bucket(value: u64) -> usize {
    if value < SUBS {
        return value as usize;
    }
    let shift = value.ilog2() - SUB_BITS;
    ((u64::from(shift) << SUB_BITS) + (value >> shift)) as usize
}

/// The highest value that falls into bucket `index`.
fn highest(index: usize) -> u64 {
    let index = index as u64;
    if index < SUBS {
        return index;
    }
    let shift = (index >> SUB_BITS) - 1;
    let lead = SUBS + (index & (SUBS - 1));
    // Of the last bucket the sum is 2^64 - 1: shifted first, it would not fit.
    (lead << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_extremes_have_buckets() {
        let mut histogram = Histogram::new();
        assert_eq!(histogram.quantile(500), 0);
        histogram.record(0);
        assert_eq!(histogram.quantile(1000), 0);
        histogram.record(u64::MAX);
        assert_eq!(histogram.quantile(1000), u64::MAX);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    proptest! {
        #[test]
        fn quantiles_stay_close_above_those_of_a_sorted_list(
            mut values in prop::collection::vec((any::<u64>(), 0_u32..64), 1..300),
            per_mille in 1_u64..=1000,
        ) {
            let mut histogram = Histogram::new();
            let mut sorted: Vec<u64> =
                values.drain(..).map(|(value, shift)| value >> shift).collect();
            sorted.iter().for_each(|value| histogram.record(*value));
            sorted.sort_unstable();
            let rank = (sorted.len() as u64 * per_mille).div_ceil(1000);
            let exact = sorted[rank as usize - 1];
            let found = histogram.quantile(per_mille);
            prop_assert!(found >= exact, "{found} < {exact}");
            prop_assert!(found - exact <= exact / SUBS, "{found} of {exact}");
        }
    }
}
