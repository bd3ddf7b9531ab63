//! The accept loop: slow headers, orderly shutdown.

use crate::toy::{Names, schema, testing};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, timeout},
};
use trastienda_api::transport::{Door, Limits, Settings, Shutdown, router, serve};

/// A door that serves on a free port.
pub struct Served {
    pub address: SocketAddr,
    pub shutdown: Shutdown,
    pub names: Arc<Names>,
    pub ended: JoinHandle<()>,
}

pub async fn served(limits: Limits) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (names, shutdown) = (Arc::new(Names::default()), Shutdown::default());
    let settings = Settings {
        limits: limits.clone(),
        ..testing()
    };
    let door = Door::new(schema, names.clone())
        .settings(settings)
        .shutdown(shutdown.clone());
    let (app, stop) = (router(door), shutdown.clone());
    let ended = tokio::spawn(async move { serve(listener, app, &limits, stop).await.unwrap() });
    Served {
        address,
        shutdown,
        names,
        ended,
    }
}

fn request(text: &str) -> String {
    let body = serde_json::json!({ "query": text }).to_string();
    let length = body.len();
    let head = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json";
    format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn headers_that_do_not_come_cost_the_connection() {
    let served = served(Limits {
        header_s: 1,
        ..Limits::for_testing()
    })
    .await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    slow.write_all(b"POST /graphql HTTP/1.1\r\nhost: x\r\n")
        .await
        .unwrap();
    let begun = Instant::now();
    let mut read = Vec::new();
    let _ = timeout(Duration::from_secs(5), slow.read_to_end(&mut read))
        .await
        .expect("closed");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_shutdown_finishes_what_runs_and_takes_nothing_new() {
    let served = served(Limits::for_testing()).await;
    let mut client = TcpStream::connect(served.address).await.unwrap();
    client
        .write_all(request("{ slow(ms: 500) }").as_bytes())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    served.shutdown.begin();
    let mut answer = String::new();
    timeout(Duration::from_secs(5), client.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("\"slow\":true"),
        "{answer}"
    );
    timeout(Duration::from_secs(5), served.ended)
        .await
        .expect("ends")
        .unwrap();
    assert!(TcpStream::connect(served.address).await.is_err());
}
