//! Where a request goes. Hosts are read as browsers read them, so that `http://2130706433`,
//! `http://0x7f.1` and `http://0177.0.0.1` are seen as the loopback address that they are.

use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use crate::error::{Error, Result};
use crate::policy::Policy;

/// A host and a port, read but not yet resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    host: Host<String>,
    port: u16,
}

/// A target whose addresses may all be reached.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The host as written.
    pub host: String,
    /// Its addresses, each of them checked; never empty.
    pub addresses: Vec<SocketAddr>,
}

/// Reads the address of an HTTP request: `http` or `https`, a host, and no name or password.
///
/// # Errors
/// What is wrong with it.
pub fn url(text: &str) -> Result<Url> {
    let url = Url::parse(text.trim()).map_err(|_| Error::Malformed("no URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Error::Malformed("no http and no https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Malformed("a name or a password in it"));
    }
    Target::of(&url).map(|_| url)
}

impl Target {
    /// The target of a URL.
    ///
    /// # Errors
    /// A URL without a host or a port.
    pub fn of(url: &Url) -> Result<Self> {
        let host = url.host().ok_or(Error::Malformed("no host"))?.to_owned();
        let port = url
            .port_or_known_default()
            .filter(|port| *port > 0)
            .ok_or(Error::Malformed("no port"))?;
        Ok(Self { host, port })
    }

    /// Reads `host:port`, `[address]:port`, or a host alone with a port by default.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, default_port: Option<u16>) -> Result<Self> {
        let text = text.trim();
        let bad = || Error::Malformed("no host with a port");
        let is_bare = Host::parse(text).is_ok();
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !is_bare => {
                let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse().ok().filter(|_| is_digits);
                (host, Some(port.ok_or_else(bad)?))
            }
            _ => (text, default_port),
        };
        let host = Host::parse(host).map_err(|_| bad())?;
        let port = port.filter(|port| *port > 0).ok_or_else(bad)?;
        Ok(Self { host, port })
    }

    /// The address, when the host is written as one.
    pub fn literal(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
            Host::Domain(_) => None,
        }
    }

    /// The host without brackets.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Resolves the host once and checks every address of it.
    ///
    /// # Errors
    /// A name without addresses, or with any that may not be reached.
    pub async fn resolve(&self, policy: &Policy) -> Result<Resolved> {
        let host = self.host();
        let addresses = match self.literal() {
            Some(address) => vec![SocketAddr::new(address, self.port)],
            None => tokio::net::lookup_host((host.as_str(), self.port))
                .await
                .map_err(|_| Error::Unresolved)?
                .collect(),
        };
        if addresses.is_empty() {
            return Err(Error::Unresolved);
        }
        for address in &addresses {
            policy.admit(&host, address.ip(), self.port)?;
        }
        Ok(Resolved { host, addresses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_way_of_writing_an_inner_address_gets_through() {
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://017700000001/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
            "http://１２７.０.０.１/",
            "http://127。0。0。1/",
            "http://localhost/",
            "http://LOCALHOST/",
            "https://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1:8080/",
            "http://[64:ff9b::7f00:1]/",
        ] {
            let target = Target::of(&url(text).unwrap()).unwrap();
            let refused = target.resolve(&Policy::public()).await.unwrap_err();
            assert!(
                matches!(refused, Error::Forbidden { .. }),
                "{text}: {refused}"
            );
        }
    }

    #[test]
    fn only_plain_addresses_of_the_web_are_read() {
        for bad in [
            "",
            "example.es",
            "ftp://example.es/",
            "file:///etc/passwd",
            "gopher://example.es/",
            "http://user@example.es/",
            "http://user:secret@example.es/",
            "http://example.es:0/",
            "http://",
            "http://exa mple.es/",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
        assert!(url(" https://example.es:8443/health?full=1 ").is_ok());
    }

    #[test]
    fn hosts_with_ports_are_read() {
        let read = |text| Target::parse(text, None).map(|it| (it.host(), it.port()));
        assert_eq!(read("example.es:5432"), Ok(("example.es".into(), 5432)));
        assert_eq!(read("[2606:4700::1]:53"), Ok(("2606:4700::1".into(), 53)));
        assert_eq!(read("0x7f.1:53"), Ok(("127.0.0.1".into(), 53)));
        for bad in [
            "example.es",
            "example.es:",
            "example.es:0",
            "a:+5",
            "a:99999",
            ":80",
            "",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let tls = Target::parse("example.es", Some(443)).unwrap();
        assert_eq!(tls.port(), 443);
        let bare = Target::parse("[2606:4700::1]", Some(443)).unwrap();
        assert_eq!((bare.host().as_str(), bare.port()), ("2606:4700::1", 443));
    }
}
