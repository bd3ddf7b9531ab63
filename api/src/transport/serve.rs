//! The accept loop: connections with a time limit on their headers, and an orderly end.
//!
//! axum's own `serve` has no limit on the time of headers: a client sending a byte a minute would
//! keep its connection for ever.

use super::{
    limits::{Limits, seconds},
    shutdown::Shutdown,
};
use axum::{Router, extract::ConnectInfo};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::ServiceExt as _;

/// Pause after a failed accept, such as when no file descriptor is left.
const BREATH: Duration = Duration::from_millis(100);

/// Serves until the shutdown begins, then ends in order: the listener closes, running requests are
/// finished, sockets are closed with 1001, and what is not done within `drain_s` is cut.
///
/// Give the same `shutdown` to the door, so that sockets and event streams hear of it.
///
/// # Errors
/// When the listener has no local address, which means that it is not bound.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    shutdown: Shutdown,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(server.address = %address, "The door is open");
    let room = Arc::new(Semaphore::new(limits.connections));
    let headers_within = seconds(limits.header_s);
    loop {
        let (stream, peer, permit) = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = shutdown.begun() => break,
        };
        let connection = attend(
            stream,
            peer,
            router.clone(),
            headers_within,
            shutdown.clone(),
        );
        shutdown.track(async move {
            connection.await;
            drop(permit);
        });
    }
    drop(listener);
    if shutdown.drained(seconds(limits.drain_s)).await {
        tracing::info!("The door is closed");
    } else {
        tracing::warn!("The door closed on work that was not finished in time");
    }
    Ok(())
}

/// Serves one connection; once the shutdown begins it ends after the request that runs.
async fn attend(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    headers_within: Duration,
    shutdown: Shutdown,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(headers_within);
    let connection = builder
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.begun() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "A connection ended early");
    }
}

/// The next connection, once there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    let permit = Arc::clone(room).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "A connection has no TCP_NODELAY");
                }
                return (stream, peer, permit);
            }
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}
