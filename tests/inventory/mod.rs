//! Stock and what is ordered, through the served API and behind it.

mod crowd;
mod purchasing;
mod reorder_cut;
mod replenishment;
mod shop;
pub mod stage;
mod stock;
