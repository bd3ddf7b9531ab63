//! The directory through the served API: files that are attached to records.

mod attachments;
mod mended;
pub mod papers;
