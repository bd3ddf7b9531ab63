//! Which addresses may be reached: those of the public Internet, and of the inner ones those that
//! the operator of the installation listed.

use std::net::IpAddr;
use std::str::FromStr;

use crate::address::{Kind, kind_of, plain};
use crate::error::{Error, Result};

/// Which addresses may be reached. The default lists none, so that only public ones are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    listed: Vec<Listed>,
}

/// Something that the operator listed: `10.1.0.0/16`, `127.0.0.1:8080`, `[fd00::7]:443`,
/// `intranet.example.es`, `intranet.example.es:8443`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listed {
    place: Place,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// A network: its first bits.
    Network { address: IpAddr, bits: u8 },
    /// A host by its name, whatever inner address it has.
    Host(String),
}

impl Policy {
    /// Public addresses and nothing else.
    pub fn public() -> Self {
        Self::default()
    }

    /// Public addresses and those listed.
    ///
    /// # Errors
    /// What was listed and can't be read.
    pub fn listing<S: AsRef<str>>(listed: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let listed = listed.into_iter().map(|text| text.as_ref().parse());
        Ok(Self {
            listed: listed.collect::<Result<_, String>>()?,
        })
    }

    /// That an address of a host may be reached.
    ///
    /// # Errors
    /// What kind of address it is, where it may not.
    pub fn admit(&self, host: &str, address: IpAddr, port: u16) -> Result<()> {
        let kind = kind_of(address);
        let is_listed = || {
            self.listed
                .iter()
                .any(|one| one.covers(host, address, port))
        };
        if kind == Kind::Public || (kind.is_listable() && is_listed()) {
            return Ok(());
        }
        Err(Error::Forbidden {
            host: host.to_owned(),
            kind,
        })
    }
}

impl Listed {
    fn covers(&self, host: &str, address: IpAddr, port: u16) -> bool {
        if self.port.is_some_and(|listed| listed != port) {
            return false;
        }
        match &self.place {
            Place::Host(name) => name.eq_ignore_ascii_case(host.trim_end_matches('.')),
            Place::Network { address: of, bits } => share_bits(*of, plain(address), *bits),
        }
    }
}

/// Whether two addresses of one family begin with the same bits.
fn share_bits(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let rest = 32_u32.saturating_sub(u32::from(bits));
            let differ = one.to_bits() ^ other.to_bits();
            differ.checked_shr(rest).unwrap_or_default() == 0
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let rest = 128_u32.saturating_sub(u32::from(bits));
            let differ = one.to_bits() ^ other.to_bits();
            differ.checked_shr(rest).unwrap_or_default() == 0
        }
        _ => false,
    }
}

impl FromStr for Listed {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let text = text.trim();
        if let Some((address, bits)) = text.split_once('/') {
            return network(address, bits).ok_or_else(|| format!("`{text}` is no network"));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::single(address, None));
        }
        if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
            return Ok(Self::single(socket.ip(), Some(socket.port())));
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => {
                let port = port.parse().map_err(|_| format!("`{text}` has no port"))?;
                (name, Some(port))
            }
            None => (text, None),
        };
        match url::Host::parse(name) {
            Ok(url::Host::Domain(name)) => Ok(Self {
                place: Place::Host(name.trim_end_matches('.').to_owned()),
                port,
            }),
            _ => Err(format!("`{text}` is no host")),
        }
    }
}

fn network(address: &str, bits: &str) -> Option<Listed> {
    let address: IpAddr = address.parse().ok()?;
    let bits: u8 = bits.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some(Listed {
        place: Place::Network { address, bits },
        port: None,
    })
}

impl Listed {
    fn single(address: IpAddr, port: Option<u16>) -> Self {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        Self {
            place: Place::Network { address, bits },
            port,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(policy: &Policy, host: &str, address: &str, port: u16) -> bool {
        policy.admit(host, address.parse().unwrap(), port).is_ok()
    }

    #[test]
    fn without_a_list_only_public_addresses_are_reached() {
        let policy = Policy::public();
        assert!(admits(&policy, "example.es", "93.184.216.34", 443));
        for inner in ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "100.64.0.1"] {
            assert!(!admits(&policy, "example.es", inner, 443), "{inner}");
        }
    }

    #[test]
    fn a_list_opens_what_it_names_and_no_more() {
        let policy = Policy::listing([
            "10.1.0.0/16",
            "127.0.0.1:8080",
            "[fd00::7]:443",
            "intranet.example.es",
        ])
        .unwrap();
        assert!(admits(&policy, "a", "10.1.200.3", 80));
        assert!(!admits(&policy, "a", "10.2.0.1", 80));
        assert!(admits(&policy, "a", "127.0.0.1", 8080));
        assert!(admits(&policy, "a", "::ffff:127.0.0.1", 8080));
        assert!(!admits(&policy, "a", "127.0.0.1", 5432));
        assert!(admits(&policy, "a", "fd00::7", 443));
        assert!(!admits(&policy, "a", "fd00::8", 443));
        assert!(admits(&policy, "Intranet.example.es.", "192.168.7.7", 80));
        assert!(!admits(&policy, "other.example.es", "192.168.7.7", 80));
    }

    #[test]
    fn the_whole_world_listed_does_not_open_the_clouds_metadata() {
        let policy = Policy::listing(["0.0.0.0/0", "::/0", "metadata.example"]).unwrap();
        assert!(admits(&policy, "a", "10.0.0.1", 80));
        for never in ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254"] {
            assert!(!admits(&policy, "metadata.example", never, 80), "{never}");
        }
    }

    #[test]
    fn what_is_no_network_and_no_host_is_refused() {
        for bad in ["10.0.0.0/33", "x/8", "a:b", "", "exa mple"] {
            assert!(Policy::listing([bad]).is_err(), "{bad}");
        }
    }
}
