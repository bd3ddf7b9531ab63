//! One socket from its handshake to its close.

use super::{
    operations::Operations,
    protocol::{Bare, Close, FromClient, ToClient},
    writer::{Frame, Outbox, write},
};
use crate::transport::{
    credentials::{AuthRefusal, Caller, Presented, Purpose},
    gate::Gate,
    limits::seconds,
    seats::Seat,
    visit::Visit,
};
use axum::{
    extract::ws::{Message, WebSocket},
    http::{HeaderMap, Method},
};
use futures::{StreamExt as _, stream::SplitStream};
use serde_json::Value;
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout},
};

/// Pings without any answer after which the client counts as gone.
const SILENT_PINGS: u32 = 3;
/// Time for the client to answer a close frame.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the handshake said.
pub(super) struct Opening {
    pub headers: HeaderMap,
    pub method: Method,
    pub visit: Visit,
}

/// A caller that was let in, with the seat it takes.
struct Guest {
    caller: Caller,
    init: Option<Value>,
    _seat: Seat,
}

/// A socket in service.
pub(super) struct Session {
    gate: Arc<Gate>,
    opening: Opening,
    outbox: Outbox,
    operations: Operations,
    guest: Option<Guest>,
    silent_pings: u32,
}

impl Session {
    /// Speaks with a client until either side closes.
    pub async fn begin(gate: Arc<Gate>, opening: Opening, socket: WebSocket, spoken: bool) {
        let limits = &gate.settings.limits;
        let (sink, mut stream) = socket.split();
        let (outbox, frames) = mpsc::channel(limits.socket_backlog.max(1));
        let writing = tokio::spawn(write(sink, frames, seconds(limits.socket_send_s)));
        let operations = Operations::new(Arc::clone(&gate), outbox.clone());
        let mut session = Self {
            gate,
            opening,
            outbox,
            operations,
            guest: None,
            silent_pings: 0,
        };
        let close = match spoken {
            true => session.converse(&mut stream).await,
            false => Some(Close::SUBPROTOCOL),
        };
        session.end(close, stream).await;
        let _ = timeout(FAREWELL, writing).await;
    }

    /// Sends the close frame, ends the operations and hears the client out.
    async fn end(self, close: Option<Close>, mut stream: SplitStream<WebSocket>) {
        let Self {
            outbox,
            operations,
            guest,
            ..
        } = self;
        drop(operations);
        drop(guest);
        if let Some(close) = close {
            let sent = timeout(FAREWELL, outbox.send(Frame::Close(close))).await;
            let hear_out = async { while let Some(Ok(_)) = stream.next().await {} };
            if sent.is_ok() {
                let _ = timeout(FAREWELL, hear_out).await;
            }
        }
    }

    /// The conversation; gives the code to close with, or nothing when the client is gone.
    async fn converse(&mut self, stream: &mut SplitStream<WebSocket>) -> Option<Close> {
        let shutdown = self.gate.shutdown.clone();
        let limits = &self.gate.settings.limits;
        let init_by = Instant::now() + seconds(limits.socket_init_s);
        let mut ping = every(limits.socket_ping_s);
        let mut recheck = every(limits.recheck_s);
        loop {
            let step = tokio::select! {
                message = stream.next() => match message {
                    Some(Ok(message)) => self.hear(message, init_by).await,
                    Some(Err(error)) => Err(broken(&error)),
                    None => Err(None),
                },
                () = sleep_until(init_by), if self.guest.is_none() => {
                    Err(Some(Close::INIT_TIMEOUT))
                }
                _ = ping.tick() => self.ping().await,
                _ = recheck.tick(), if self.guest.is_some() => self.recheck().await,
                () = shutdown.begun() => Err(Some(Close::GOING_AWAY)),
                () = self.outbox.closed() => Err(None),
            };
            if let Err(close) = step {
                return close;
            }
        }
    }

    async fn hear(&mut self, message: Message, init_by: Instant) -> Result<(), Option<Close>> {
        self.silent_pings = 0;
        match message {
            Message::Text(text) => match FromClient::read(&text)? {
                FromClient::Init(payload) => self.init(payload, init_by).await,
                FromClient::Ping(payload) => self.send(ToClient::Pong { payload }.text()).await,
                FromClient::Pong => Ok(()),
                FromClient::Subscribe { id, payload } => self.subscribe(id, payload).await,
                FromClient::Complete { id } => {
                    self.operations.complete(&id);
                    Ok(())
                }
            },
            Message::Binary(_) => Err(Some(Close::INVALID)),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(None),
        }
    }

    async fn init(&mut self, init: Option<Value>, by: Instant) -> Result<(), Option<Close>> {
        if self.guest.is_some() {
            return Err(Some(Close::SECOND_INIT));
        }
        let identified = self.identify(init.as_ref(), Purpose::Connect);
        let caller = match tokio::time::timeout_at(by, identified).await {
            Ok(caller) => caller?,
            Err(_) => return Err(Some(Close::INIT_TIMEOUT)),
        };
        let seat = self.gate.seats.take(&caller, self.opening.visit.peer);
        let seat = seat.map_err(|_| Close::TOO_MANY)?;
        self.guest = Some(Guest {
            caller,
            init,
            _seat: seat,
        });
        self.send(Bare::ConnectionAck.text()).await
    }

    async fn subscribe(&mut self, id: String, payload: Value) -> Result<(), Option<Close>> {
        let Some(guest) = &self.guest else {
            return Err(Some(Close::UNAUTHORIZED));
        };
        let visit = self.opening.visit.of_message();
        Ok(self
            .operations
            .subscribe(&guest.caller, visit, id, payload)
            .await?)
    }

    async fn ping(&mut self) -> Result<(), Option<Close>> {
        if self.silent_pings >= SILENT_PINGS {
            return Err(Some(Close::SILENT));
        }
        self.silent_pings = self.silent_pings.saturating_add(1);
        self.outbox.send(Frame::Ping).await.map_err(|_| None)
    }

    /// Whether the credentials still hold and still mean the same user.
    async fn recheck(&mut self) -> Result<(), Option<Close>> {
        let Some(guest) = &self.guest else {
            return Ok(());
        };
        let now = self.identify(guest.init.as_ref(), Purpose::Recheck).await;
        match (now, &mut self.guest) {
            (Ok(caller), Some(guest)) if caller.is_as(&guest.caller) => Ok(()),
            // Running operations have the rights of before: the client comes back with its cursor.
            (Ok(caller), Some(guest)) if caller.key() == guest.caller.key() => {
                Err(Some(Close::RIGHTS_CHANGED))
            }
            // A check that can't be made now is made again at the next tick.
            (Err(Close::TRY_LATER), _) => Ok(()),
            _ => Err(Some(Close::FORBIDDEN)),
        }
    }

    fn identify<'a>(
        &'a self,
        init: Option<&'a Value>,
        purpose: Purpose,
    ) -> impl Future<Output = Result<Caller, Close>> + Send + 'a {
        let presented = Presented {
            headers: &self.opening.headers,
            method: &self.opening.method,
            init,
            peer: self.opening.visit.peer,
            request_id: &self.opening.visit.id.0,
            purpose,
        };
        let identified = self.gate.credentials.identify(presented);
        async move {
            identified.await.map_err(|refusal| match refusal {
                AuthRefusal::Unavailable => Close::TRY_LATER,
                _ => Close::FORBIDDEN,
            })
        }
    }

    async fn send(&self, text: String) -> Result<(), Option<Close>> {
        self.outbox.send(Frame::Text(text)).await.map_err(|_| None)
    }
}

/// A clock that first ticks after a whole period.
fn every(period_s: u64) -> Interval {
    let mut clock = interval(seconds(period_s.max(1)));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock.reset();
    clock
}

/// The close code for a message that could not be read from the wire.
fn broken(error: &axum::Error) -> Option<Close> {
    let too_big = error.to_string().contains("too long") || error.to_string().contains("too big");
    too_big.then_some(Close::TOO_BIG)
}
