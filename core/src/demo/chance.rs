//! Chance that is the same every time: numbers from a seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// A stream of numbers that a seed decides.
pub(super) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream of a seed and of what it is for, so that a new use disturbs no other.
    pub(super) fn of(purpose: &str) -> Self {
        let seed = purpose.bytes().fold(2026_u64, |seed, byte| {
            seed.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number from `least` to `most`.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        let width = most.saturating_sub(least).saturating_add(1).max(1);
        least + self.0.next_u64() % width
    }

    /// Whether something happens that does so in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: u64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of some; `None` of none.
    pub(super) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let last = u64::try_from(of.len()).unwrap_or_default().checked_sub(1)?;
        of.get(usize::try_from(self.between(0, last)).unwrap_or_default())
    }
}
