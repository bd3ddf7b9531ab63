//! graphql-transport-ws, frame by frame.

use crate::serving::{Served, served};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use trastienda_api::transport::Limits;

struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn open(served: &Served) -> Self {
        Self::open_with(served, "graphql-transport-ws", None)
            .await
            .unwrap()
    }

    async fn open_with(served: &Served, protocol: &str, origin: Option<&str>) -> Result<Self, u16> {
        let url = format!("ws://{}/graphql", served.address);
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", protocol.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(r)) => Err(r.status().as_u16()),
            Err(_) => Err(0),
        }
    }

    async fn acked(served: &Served, user: &str) -> Self {
        let mut client = Self::open(served).await;
        let payload = json!({ "authorization": format!("Bearer {user}") });
        client
            .send(json!({ "type": "connection_init", "payload": payload }))
            .await;
        assert_eq!(client.next().await["type"], "connection_ack");
        client
    }

    async fn send(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn subscribe(&mut self, id: &str, text: &str) {
        self.send(json!({ "type": "subscribe", "id": id, "payload": { "query": text } }))
            .await;
    }

    async fn next(&mut self) -> Value {
        loop {
            let message = timeout(Duration::from_secs(5), self.0.next())
                .await
                .expect("a message");
            match message {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("no message but {other:?}"),
            }
        }
    }

    /// The code that the server closes with.
    async fn closed(&mut self) -> u16 {
        let code = async {
            while let Some(Ok(message)) = self.0.next().await {
                if let Message::Close(Some(frame)) = message {
                    return u16::from(frame.code);
                }
            }
            0
        };
        timeout(Duration::from_secs(5), code)
            .await
            .expect("a close")
    }
}

#[tokio::test]
async fn operations_of_every_kind_run() {
    let served = served(Limits::for_testing()).await;
    let mut client = Client::acked(&served, "ana").await;
    client.subscribe("q", "{ whoami }").await;
    let next = client.next().await;
    assert_eq!(
        next,
        json!({ "type": "next", "id": "q", "payload": { "data": { "whoami": "ana" } } })
    );
    assert_eq!(
        client.next().await,
        json!({ "type": "complete", "id": "q" })
    );
    client
        .subscribe("s", "subscription { ticked(count: 2) { n } }")
        .await;
    assert_eq!(client.next().await["payload"]["data"]["ticked"]["n"], 1);
    assert_eq!(client.next().await["payload"]["data"]["ticked"]["n"], 2);
    assert_eq!(client.next().await["type"], "complete");
    client.subscribe("bad", "{ nope }").await;
    let error = client.next().await;
    assert_eq!(
        (&error["type"], &error["id"]),
        (&json!("error"), &json!("bad"))
    );
    assert_eq!(
        error["payload"][0]["extensions"]["code"],
        "GRAPHQL_VALIDATION_FAILED"
    );
    client
        .send(json!({ "type": "ping", "payload": { "a": 1 } }))
        .await;
    assert_eq!(
        client.next().await,
        json!({ "type": "pong", "payload": { "a": 1 } })
    );
}

#[tokio::test]
async fn each_message_has_its_own_id_and_key() {
    let served = served(Limits::for_testing()).await;
    let mut client = Client::acked(&served, "ana").await;
    let mut ids = Vec::new();
    for key in ["one", "two"] {
        let payload = json!({ "query": "{ told }", "extensions": { "idempotencyKey": key } });
        client
            .send(json!({ "type": "subscribe", "id": key, "payload": payload }))
            .await;
        let told = client.next().await["payload"]["data"]["told"].clone();
        assert_eq!(told[3], key);
        ids.push(told[0].clone());
        assert_eq!(client.next().await["type"], "complete");
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn each_offence_has_its_close_code() {
    let served = served(Limits::for_testing()).await;
    let mut client = Client::open(&served).await;
    client.0.send(Message::text("not json")).await.unwrap();
    assert_eq!(client.closed().await, 4400);
    let mut client = Client::open(&served).await;
    client.subscribe("1", "{ __typename }").await;
    assert_eq!(client.closed().await, 4401);
    let mut client = Client::open(&served).await;
    let wrong = json!({ "authorization": "Bearer wrong" });
    client
        .send(json!({ "type": "connection_init", "payload": wrong }))
        .await;
    assert_eq!(client.closed().await, 4403);
    let mut client = Client::open_with(&served, "graphql-nope", None).await.err();
    assert!(
        client.take().is_some(),
        "a strict client refuses the answer without its protocol"
    );
    let mut client = Client::acked(&served, "ana").await;
    client.send(json!({ "type": "connection_init" })).await;
    assert_eq!(client.closed().await, 4429);
    let mut client = Client::acked(&served, "ana").await;
    client.subscribe("1", "subscription { quiet }").await;
    client.subscribe("1", "subscription { quiet }").await;
    assert_eq!(client.closed().await, 4409);
    let mut client = Client::acked(&served, "ana").await;
    let large = format!("{{ a }} #{}", "x".repeat(65 * 1024));
    client.subscribe("1", &large).await;
    assert_eq!(client.closed().await, 1009);
    let mut client = Client::acked(&served, "ana").await;
    client.0.send(Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(client.closed().await, 4400);
}

#[tokio::test]
async fn silence_before_init_is_closed() {
    let served = served(Limits {
        socket_init_s: 1,
        ..Limits::for_testing()
    })
    .await;
    assert_eq!(Client::open(&served).await.closed().await, 4408);
}

#[tokio::test]
async fn a_strange_origin_gets_no_socket() {
    let served = served(Limits::for_testing()).await;
    let own = format!("http://{}", served.address);
    let protocol = "graphql-transport-ws";
    assert!(
        Client::open_with(&served, protocol, Some(&own))
            .await
            .is_ok()
    );
    let strange = Client::open_with(&served, protocol, Some("https://evil.example")).await;
    assert_eq!(strange.err(), Some(403));
}

#[tokio::test]
async fn sockets_and_subscriptions_are_counted() {
    let limits = Limits {
        sockets_a_user: 2,
        socket_subscriptions: 2,
        ..Limits::for_testing()
    };
    let served = served(limits).await;
    let mut first = Client::acked(&served, "ana").await;
    let _second = Client::acked(&served, "ana").await;
    let mut third = Client::open(&served).await;
    let ana = json!({ "authorization": "Bearer ana" });
    third
        .send(json!({ "type": "connection_init", "payload": ana }))
        .await;
    assert_eq!(third.closed().await, 4429);
    let _other = Client::acked(&served, "bea").await;
    for id in ["1", "2", "3"] {
        first.subscribe(id, "subscription { quiet }").await;
    }
    let refused = first.next().await;
    assert_eq!(
        refused["payload"][0]["extensions"]["code"],
        "TOO_MANY_SUBSCRIPTIONS"
    );
    first.send(json!({ "type": "complete", "id": "1" })).await;
    first.subscribe("1", "{ __typename }").await;
    assert_eq!(first.next().await["type"], "next");
}

#[tokio::test]
async fn revoked_credentials_close_the_socket() {
    let served = served(Limits {
        recheck_s: 1,
        ..Limits::for_testing()
    })
    .await;
    let mut client = Client::acked(&served, "ana").await;
    client.subscribe("1", "subscription { quiet }").await;
    served.names.revoked.store(true, Ordering::SeqCst);
    assert_eq!(client.closed().await, 4403);
}

#[tokio::test]
async fn changed_rights_make_the_client_come_back() {
    let served = served(Limits {
        recheck_s: 1,
        ..Limits::for_testing()
    })
    .await;
    let mut client = Client::acked(&served, "ana").await;
    client.subscribe("1", "subscription { quiet }").await;
    served.names.rights.store(1, Ordering::SeqCst);
    assert_eq!(client.closed().await, 1012);
    let mut again = Client::acked(&served, "ana").await;
    again.subscribe("1", "{ __typename }").await;
    assert_eq!(again.next().await["type"], "next");
}

#[tokio::test]
async fn failures_in_a_stream_stay_inside() {
    let served = served(Limits::for_testing()).await;
    let mut client = Client::acked(&served, "ana").await;
    client.subscribe("b", "subscription { breaking }").await;
    assert_eq!(client.next().await["payload"]["data"]["breaking"], 0);
    let error = client.next().await;
    assert_eq!(error["type"], "error");
    assert_eq!(
        error["payload"][0]["extensions"]["code"],
        "INTERNAL_SERVER_ERROR"
    );
    assert!(!error.to_string().contains("secret"));
    client.subscribe("c", "subscription { broken }").await;
    let error = client.next().await.to_string();
    assert!(
        error.contains("INTERNAL_SERVER_ERROR") && !error.contains("secret"),
        "{error}"
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let limits = Limits {
        socket_send_s: 1,
        socket_backlog: 4,
        ..Limits::for_testing()
    };
    let served = served(limits).await;
    let mut client = Client::acked(&served, "ana").await;
    client.subscribe("f", "subscription { flood }").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let drained = async { while let Some(Ok(_)) = client.0.next().await {} };
    timeout(Duration::from_secs(5), drained)
        .await
        .expect("the server has hung up");
}

#[tokio::test]
async fn a_shutdown_tells_sockets_to_go() {
    let served = served(Limits::for_testing()).await;
    let mut client = Client::acked(&served, "ana").await;
    client.subscribe("1", "subscription { quiet }").await;
    served.shutdown.begin();
    assert_eq!(client.closed().await, 1001);
    timeout(Duration::from_secs(5), served.ended)
        .await
        .expect("the server ends")
        .unwrap();
}
