//! Whether somebody listens at a host and a port.

use std::time::Duration;

use tokio::net::TcpStream;

use crate::error::{Error, Result};
use crate::policy::Policy;
use crate::target::{Resolved, Target};
use crate::within;

/// Connects, and hangs up.
///
/// # Errors
/// A forbidden address; nobody there; nothing in time.
pub async fn knock(policy: &Policy, target: &Target, timeout: Duration) -> Result<()> {
    within(timeout, async {
        let resolved = target.resolve(policy).await?;
        connect(&resolved).await.map(drop)
    })
    .await
}

/// Connects to the first address that answers.
pub(crate) async fn connect(resolved: &Resolved) -> Result<TcpStream> {
    TcpStream::connect(resolved.addresses.as_slice())
        .await
        .map_err(|_| Error::Unreachable)
}
