//! GraphQL over server-sent events, in the "distinct connections" mode of graphql-sse: each request
//! is its own stream of `next` events, closed by `complete`.

use super::{
    admission::Admitted,
    credentials::{AuthRefusal, Caller, Purpose},
    engine,
    gate::Gate,
    http::identify,
    limits::seconds,
    negotiate::Media,
    rate::Standing,
    refusal::{Refusal, code},
    reply,
    seats::Seat,
    settle::{Settled, errors_body},
    visit::Visit,
};
use axum::{
    http::request::Parts,
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{StreamExt as _, stream};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{sync::mpsc, time::MissedTickBehavior};
use tracing::Instrument as _;

/// Events that may wait for a slow client; the source is held back beyond them.
const BACKLOG: usize = 16;
/// The data of `complete`: an event without any is not dispatched by browsers.
const NOTHING: &str = "null";
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Answers with the stream of an operation of any kind.
pub(super) fn respond(
    gate: &Arc<Gate>,
    visit: &Visit,
    parts: &Parts,
    caller: Caller,
    admitted: Admitted,
    standing: Option<Standing>,
) -> Response {
    let seat = match gate.seats.take(&caller, visit.peer) {
        Ok(seat) => seat,
        Err(refusal) => return reply::refused(Media::EventStream, &refusal, visit, standing),
    };
    let (events, feed) = mpsc::channel(BACKLOG);
    let pump = Pump {
        gate: Arc::clone(gate),
        visit: visit.clone(),
        parts: parts.clone(),
        caller,
        events,
        _seat: seat,
    };
    gate.shutdown.track(pump.run(admitted).in_current_span());
    let feed = stream::unfold(feed, |mut feed| async move {
        feed.recv()
            .await
            .map(|event| (Ok::<_, Infallible>(event), feed))
    });
    let mut response = Sse::new(feed)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response();
    if let Some(standing) = standing {
        standing.write(response.headers_mut());
    }
    response
}

/// Moves events from the schema to the client.
struct Pump {
    gate: Arc<Gate>,
    visit: Visit,
    parts: Parts,
    caller: Caller,
    events: mpsc::Sender<Event>,
    _seat: Seat,
}

impl Pump {
    async fn run(self, admitted: Admitted) {
        let gate = Arc::clone(&self.gate);
        let mut source = engine::open(Arc::clone(&gate), self.visit.clone(), admitted);
        let mut recheck = tokio::time::interval(seconds(gate.settings.limits.recheck_s.max(1)));
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        recheck.tick().await;
        loop {
            let event = tokio::select! {
                item = source.next() => match item {
                    Some(item) => self.event(item),
                    None => break,
                },
                _ = recheck.tick() => match self.recheck().await {
                    Ok(true) => continue,
                    // Without `complete` a client reconnects, with its cursor and the rights of now.
                    Ok(false) => return,
                    Err(refusal) => {
                        let _ = self.events.send(self.refused(&refusal)).await;
                        break;
                    }
                },
                () = self.events.closed() => return,
                () = gate.shutdown.begun() => return,
            };
            if self.events.send(event).await.is_err() {
                return;
            }
        }
        let _ = self
            .events
            .send(Event::default().event("complete").data(NOTHING))
            .await;
    }

    /// Whether the rights are what they were; an error when the credentials no longer hold or mean
    /// another user.
    async fn recheck(&self) -> Result<bool, Refusal> {
        match identify(&self.gate, &self.visit, &self.parts, Purpose::Recheck).await {
            Ok(caller) if caller.key() == self.caller.key() => Ok(caller.is_as(&self.caller)),
            Ok(_) => Err(AuthRefusal::Unauthenticated.into()),
            // A check that can't be made now is made again at the next tick.
            Err(refusal) if refusal.code == code::OVERLOADED => Ok(true),
            Err(refusal) => Err(refusal),
        }
    }

    fn event(&self, item: Result<Settled, Refusal>) -> Event {
        let settled = match item {
            Ok(settled) => settled,
            Err(refusal) => return self.refused(&refusal),
        };
        let event = Event::default().event("next");
        let event = match settled.cursor().filter(|cursor| is_plain(cursor)) {
            Some(cursor) => event.id(cursor),
            None => event,
        };
        event.data(serde_json::to_string(&settled.body()).unwrap_or_default())
    }

    fn refused(&self, refusal: &Refusal) -> Event {
        let error = refusal.error(self.visit.lang, &self.visit.id.0);
        let body = serde_json::to_string(&errors_body(std::slice::from_ref(&error)));
        Event::default()
            .event("next")
            .data(body.unwrap_or_default())
    }
}

/// Whether a cursor can stand in an `id:` line.
fn is_plain(cursor: &str) -> bool {
    !cursor.is_empty() && !cursor.contains(['\n', '\r', '\0'])
}
