//! Stock and what is ordered, through the served API and behind it.

mod closed;
mod crowd;
mod frozen;
mod history;
mod proposals;
mod purchasing;
mod reorder_cut;
mod reorder_killed;
mod replenishment;
mod returning;
pub mod shop;
pub mod stage;
mod stock;
