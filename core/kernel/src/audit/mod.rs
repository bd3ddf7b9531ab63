//! The audit trail's proof that nothing was changed: the chain and its signed heads.

mod chain;
mod heads;
mod shelf;

pub use chain::{Verdict, hash_at, heads, hex, seal_waiting, verify};
pub use heads::{HeadBook, SignedHead};
