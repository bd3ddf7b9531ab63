//! One HTTP request to an address that was checked, and its answer up to a limit.

use std::time::Duration;

use url::Url;

use crate::error::{Error, Result};
use crate::policy::Policy;
use crate::target::{Resolved, Target};
use crate::{use_crypto, within};

/// What we call ourselves.
const AGENT: &str = concat!("Trastienda/", env!("CARGO_PKG_VERSION"));

/// How an answer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The headers alone.
    Head,
    /// The whole answer.
    Get,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to: `http` or `https`.
    pub url: Url,
    /// How.
    pub method: Method,
    /// How long it may take in all.
    pub timeout: Duration,
    /// Bytes of the answer that are read at most; what is beyond is left.
    pub most_bytes: usize,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// As much of its body as was to be read.
    pub body: Vec<u8>,
}

/// Makes a request. A redirect is an answer like any other.
///
/// # Errors
/// A forbidden address; no connection; nothing in time.
pub async fn call(policy: &Policy, request: &Request) -> Result<Answer> {
    let target = Target::of(&request.url)?;
    within(request.timeout, async {
        let resolved = target.resolve(policy).await?;
        let client = client(&resolved, request.timeout)?;
        ask(&client, request).await
    })
    .await
}

async fn ask(client: &reqwest::Client, request: &Request) -> Result<Answer> {
    let method = match request.method {
        Method::Head => reqwest::Method::HEAD,
        Method::Get => reqwest::Method::GET,
    };
    let asked = client.request(method, request.url.clone()).send().await;
    let mut response = asked.map_err(failed)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        let room = request.most_bytes.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if body.len() >= request.most_bytes {
            break;
        }
    }
    Ok(Answer { status, body })
}

/// A client that knows one host by the addresses that were checked, and asks nobody else.
fn client(resolved: &Resolved, timeout: Duration) -> Result<reqwest::Client> {
    use_crypto();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(AGENT)
        .resolve_to_addrs(&resolved.host, &resolved.addresses)
        .timeout(timeout)
        .build()
        .map_err(failed)
}

fn failed(error: reqwest::Error) -> Error {
    if error.is_timeout() {
        return Error::TimedOut;
    }
    let text = chain(&error);
    if text.contains("certificate") || text.contains("handshake") || text.contains("tls") {
        return Error::Tls(text);
    }
    if error.is_connect() {
        return Error::Unreachable;
    }
    Error::Answer(text)
}

/// The innermost cause, which tells more than "error sending request".
fn chain(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let text: String = cause.to_string().chars().take(200).collect();
    text
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::target;

    /// Answers every request with the same bytes.
    async fn serve(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 1_024];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        port
    }

    fn request(port: u16, most_bytes: usize) -> Request {
        Request {
            url: target::url(&format!("http://127.0.0.1:{port}/health")).unwrap(),
            method: Method::Get,
            timeout: Duration::from_secs(5),
            most_bytes,
        }
    }

    #[tokio::test]
    async fn an_answer_is_read_up_to_its_limit() {
        let port = serve("HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nall is well").await;
        let policy = Policy::listing(["127.0.0.1"]).unwrap();
        let answer = call(&policy, &request(port, 1_000)).await.unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, &b"all is well"[..])
        );
        let answer = call(&policy, &request(port, 3)).await.unwrap();
        assert_eq!(answer.body, b"all");
    }

    #[tokio::test]
    async fn a_redirect_to_an_inner_address_is_not_followed() {
        let port = serve(
            "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        let policy = Policy::listing(["127.0.0.1"]).unwrap();
        let answer = call(&policy, &request(port, 1_000)).await.unwrap();
        assert_eq!(answer.status, 302);
    }

    #[tokio::test]
    async fn an_inner_address_that_is_not_listed_is_not_called() {
        let port = serve("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let refused = call(&Policy::public(), &request(port, 1_000)).await;
        assert!(refused.unwrap_err().is_refusal());
    }
}
