//! Requests to providers: the name is resolved once, every address of it is checked, and the
//! connection goes to what was checked. No redirects, no proxy, little time, little room.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Once;
use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse, http};

/// Bytes of an answer at most.
const MOST_BYTES: usize = 1_024 * 1_024;
/// Seconds that a request may take.
const TIMEOUT_S: u64 = 10;

static CRYPTO: Once = Once::new();

/// How far requests may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses by https alone.
    Public,
    /// Anywhere, http too: for tests with a local issuer.
    Anywhere,
}

/// Makes requests to providers.
#[derive(Clone, Copy, Debug)]
pub struct Outbound {
    /// How far they may reach.
    pub reach: Reach,
}

/// Why a request was not made or not answered.
#[derive(Debug)]
pub struct OutboundError(String);

impl std::fmt::Display for OutboundError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OutboundError {}

impl From<reqwest::Error> for OutboundError {
    fn from(error: reqwest::Error) -> Self {
        Self(error.without_url().to_string())
    }
}

impl Outbound {
    /// Makes one request.
    pub async fn call(self, request: HttpRequest) -> Result<HttpResponse, OutboundError> {
        let url = url::Url::parse(&request.uri().to_string())
            .map_err(|error| OutboundError(format!("address: {error}")))?;
        let (host, addresses) = self.resolve(&url).await?;
        let client = client(&host, &addresses)?;
        let request = reqwest::Request::try_from(request)?;
        let mut response = client.execute(request).await?;
        let mut answer = http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(OutboundError("the answer is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        answer
            .body(body)
            .map_err(|error| OutboundError(format!("answer: {error}")))
    }

    /// The host and its addresses, all of which may be reached.
    async fn resolve(self, url: &url::Url) -> Result<(String, Vec<SocketAddr>), OutboundError> {
        let refused = |what: &str| OutboundError(format!("{what} may not be reached"));
        if url.scheme() != "https" && self.reach == Reach::Public {
            return Err(refused("an address without https"));
        }
        let host = url
            .host_str()
            .ok_or_else(|| refused("an address without a host"))?;
        let port = url
            .port_or_known_default()
            .ok_or_else(|| refused("an unknown port"))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((bare, port))
            .await
            .map_err(|error| OutboundError(format!("look-up: {error}")))?;
        let addresses: Vec<SocketAddr> = found.collect();
        let allowed = |at: &SocketAddr| self.reach == Reach::Anywhere || is_public(at.ip());
        if addresses.is_empty() || !addresses.iter().all(allowed) {
            return Err(refused("a private address"));
        }
        Ok((host.to_owned(), addresses))
    }
}

/// Lets TLS use ring; whoever was first keeps what they chose.
pub fn use_crypto() {
    CRYPTO.call_once(|| {
        let provider = rustls::crypto::ring::default_provider();
        drop(provider.install_default());
    });
}

fn client(host: &str, addresses: &[SocketAddr]) -> Result<reqwest::Client, OutboundError> {
    use_crypto();
    Ok(reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .resolve_to_addrs(host, addresses)
        .timeout(Duration::from_secs(TIMEOUT_S))
        .build()?)
}

/// Whether an address is of the public Internet, and nothing of the machine, its network or the
/// cloud that it runs in.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let [first, second, .., high, low] = segments;
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    let inner = Ipv4Addr::new(a, b, c, d);
    if address.to_ipv4_mapped().is_some() || (first == 0x64 && second == 0xff9b) {
        return is_public_v4(inner);
    }
    // Global unicast is 2000::/3; of it, not what tunnels IPv4 and what documents use.
    first & 0xe000 == 0x2000
        && first != 0x2002
        && !(first == 0x2001 && (second == 0 || second == 0x0db8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_disguise() {
        for bad in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "172.16.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "ff02::1",
            "2001:db8::1",
            "fd00:ec2::254",
        ] {
            assert!(!is_public(bad.parse().unwrap()), "{bad}");
        }
        for good in ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(good.parse().unwrap()), "{good}");
        }
    }

    #[tokio::test]
    async fn a_private_issuer_is_not_called() {
        let outbound = Outbound {
            reach: Reach::Public,
        };
        for url in [
            "http://8.8.8.8/",
            "https://127.0.0.1/",
            "https://localhost/",
            "https://[::1]/",
        ] {
            let url = url::Url::parse(url).unwrap();
            assert!(outbound.resolve(&url).await.is_err(), "{url}");
        }
    }
}
