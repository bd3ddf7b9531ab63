//! Outbound: requests to addresses that somebody typed in. Probes of systems, web hooks and
//! providers of identity go through here.
//!
//! - [`address`]: what an address is: public, of the machine, of its network, of its cloud.
//! - [`policy`]: which addresses may be reached; inner ones only when the operator listed them.
//! - [`target`]: where a request goes, read once and resolved once.
//! - [`http`], [`tcp`], [`tls`]: the requests themselves.
//!
//! Invariants: a name is resolved once and every address of it is checked; the connection goes to
//! an address that was checked and to no other; no redirect is followed and no proxy is asked; a
//! request takes bounded time and an answer bounded room; the addresses of the cloud's metadata are
//! never reached, whatever is listed.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]

pub mod address;
mod error;
pub mod http;
pub mod policy;
pub mod target;
pub mod tcp;
pub mod tls;

pub use error::{Error, Result};
pub use policy::Policy;
pub use target::Target;

use std::sync::Once;
use std::time::Duration;

static CRYPTO: Once = Once::new();

/// Lets TLS use ring; whoever was first keeps what they chose.
pub fn use_crypto() {
    CRYPTO.call_once(|| {
        let provider = rustls::crypto::ring::default_provider();
        drop(provider.install_default());
    });
}

/// Bounds a request in time.
pub(crate) async fn within<T>(
    timeout: Duration,
    request: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::time::timeout(timeout, request)
        .await
        .unwrap_or(Err(Error::TimedOut))
}
