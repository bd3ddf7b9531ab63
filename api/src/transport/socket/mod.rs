//! GraphQL over WebSocket, by the protocol `graphql-transport-ws`.

mod operations;
mod protocol;
mod session;
mod writer;

use super::{
    gate::Gate,
    negotiate::Media,
    origin,
    refusal::{Refusal, code},
    reply,
    visit::Visit,
};
use axum::{
    extract::WebSocketUpgrade,
    http::{StatusCode, request::Parts},
    response::Response,
};
use session::{Opening, Session};
use std::sync::Arc;

const PROTOCOL: &str = "graphql-transport-ws";

/// Takes a handshake. A strange `Origin` is refused before the upgrade, a strange subprotocol after
/// it with its own close code.
pub(super) fn open(
    gate: Arc<Gate>,
    visit: Visit,
    parts: &Parts,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !origin::is_allowed(&parts.headers, &gate.settings.allowed_origins) {
        return reply::refused(Media::Json, &foreign_origin(), &visit, None);
    }
    if gate.shutdown.has_begun() {
        return reply::refused(Media::Json, &Refusal::overloaded(), &visit, None);
    }
    let limit = gate.settings.limits.socket_message_bytes;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(limit)
        .max_frame_size(limit);
    let spoken = upgrade.selected_protocol().is_some();
    let opening = Opening {
        headers: parts.headers.clone(),
        method: parts.method.clone(),
        visit,
    };
    upgrade.on_upgrade(move |socket| async move {
        let shutdown = gate.shutdown.clone();
        let session = Session::begin(gate, opening, socket, spoken);
        shutdown.awaited(session).await;
    })
}

fn foreign_origin() -> Refusal {
    Refusal::request(
        StatusCode::FORBIDDEN,
        code::FORBIDDEN,
        "Esta página no puede abrir una conexión aquí.",
        "This page may not open a connection here.",
    )
}
