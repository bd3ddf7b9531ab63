//! The sending half of a socket: a bounded queue that a slow client can't make grow.

use super::protocol::Close;
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use futures::{SinkExt as _, stream::SplitSink};
use std::time::Duration;
use tokio::sync::mpsc;

/// A frame that waits to be sent.
pub(super) enum Frame {
    Text(String),
    Ping,
    Close(Close),
}

/// Hands frames to the writer; waits when the client is slow, and fails when the socket is gone.
pub(super) type Outbox = mpsc::Sender<Frame>;

/// Sends frames until a close frame was sent, every sender is gone, or the client stands still for
/// longer than `limit`.
pub(super) async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut frames: mpsc::Receiver<Frame>,
    limit: Duration,
) {
    while let Some(frame) = frames.recv().await {
        let (message, last) = match frame {
            Frame::Text(text) => (Message::Text(text.into()), false),
            Frame::Ping => (Message::Ping(Default::default()), false),
            Frame::Close(Close(code, reason)) => (
                Message::Close(Some(CloseFrame {
                    code,
                    reason: reason.into(),
                })),
                true,
            ),
        };
        match tokio::time::timeout(limit, sink.send(message)).await {
            Ok(Ok(())) if !last => {}
            Ok(_) => return,
            Err(_) => {
                tracing::warn!("A socket was cut: its client does not take its messages");
                return;
            }
        }
    }
}
