//! What an address is. Only those of the public Internet are reached by default; the registries of
//! special addresses (RFC 6890 and what followed it) say which are not.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of address one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of the public Internet.
    Public,
    /// The machine itself.
    Loopback,
    /// A private network (RFC 1918, RFC 4193).
    Private,
    /// A provider's inner network (RFC 6598).
    Shared,
    /// The link alone; the metadata of clouds lives here.
    LinkLocal,
    /// Many receivers, or all.
    Multicast,
    /// No address of a host: unspecified, reserved, for documents or benchmarks, or a tunnel.
    Special,
}

impl Kind {
    /// Whether an operator can list addresses of this kind as reachable.
    pub const fn is_listable(self) -> bool {
        matches!(self, Self::Loopback | Self::Private | Self::Shared)
    }

    /// Its name, for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::LinkLocal => "link-local",
            Self::Multicast => "multicast",
            Self::Special => "special",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What kind of address one is. An IPv4 address in the clothes of IPv6 is what it is inside.
pub fn kind_of(address: IpAddr) -> Kind {
    match address {
        IpAddr::V4(v4) => kind_of_v4(v4),
        IpAddr::V6(v6) => match inner(v6) {
            Some(v4) => kind_of_v4(v4),
            None => kind_of_v6(v6),
        },
    }
}

/// Whether an address is of the public Internet, and nothing of the machine, its network or the
/// cloud that it runs in.
pub fn is_public(address: IpAddr) -> bool {
    kind_of(address) == Kind::Public
}

/// The address that is really reached: the IPv4 address inside a mapped one.
pub fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// The IPv4 address within a mapped one or one of NAT64's well-known prefix (RFC 6052).
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    if let Some(mapped) = address.to_ipv4_mapped() {
        return Some(mapped);
    }
    let [first, second, third, fourth, fifth, sixth, high, low] = address.segments();
    let is_nat64 =
        first == 0x64 && second == 0xff9b && [third, fourth, fifth, sixth] == [0, 0, 0, 0];
    is_nat64.then(|| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    })
}

fn kind_of_v4(address: Ipv4Addr) -> Kind {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        (127, ..) => Kind::Loopback,
        (10, ..) | (192, 168, _) => Kind::Private,
        (172, 16..=31, _) => Kind::Private,
        (100, 64..=127, _) => Kind::Shared,
        (169, 254, _) => Kind::LinkLocal,
        (224..=239, ..) => Kind::Multicast,
        (255, 255, 255) if address.is_broadcast() => Kind::Multicast,
        (0 | 240..=255, ..) => Kind::Special,
        (192, 0, 0 | 2) | (192, 88, 99) => Kind::Special,
        (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => Kind::Special,
        _ => Kind::Public,
    }
}

fn kind_of_v6(address: Ipv6Addr) -> Kind {
    let [first, second, ..] = address.segments();
    if address.is_loopback() {
        return Kind::Loopback;
    }
    // The metadata of a well-known cloud lives among the unique local addresses.
    if first == 0xfd00 && second == 0x0ec2 {
        return Kind::LinkLocal;
    }
    match first {
        0xfc00..=0xfdff => Kind::Private,
        0xfe80..=0xfebf => Kind::LinkLocal,
        0xff00..=0xffff => Kind::Multicast,
        // Protocol assignments and Teredo, documents, 6to4, documents again.
        0x2001 if second < 0x0200 || second == 0x0db8 => Kind::Special,
        0x2002 => Kind::Special,
        0x3fff if second < 0x1000 => Kind::Special,
        // Global unicast is 2000::/3; nothing beyond it has been given out.
        0x2000..=0x3fff => Kind::Public,
        _ => Kind::Special,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_in_every_disguise() {
        let table = [
            ("127.0.0.1", Kind::Loopback),
            ("127.255.0.9", Kind::Loopback),
            ("10.1.2.3", Kind::Private),
            ("192.168.1.1", Kind::Private),
            ("172.16.0.1", Kind::Private),
            ("172.31.255.255", Kind::Private),
            ("172.32.0.1", Kind::Public),
            ("169.254.169.254", Kind::LinkLocal),
            ("0.0.0.0", Kind::Special),
            ("0.1.2.3", Kind::Special),
            ("100.64.0.1", Kind::Shared),
            ("100.127.255.255", Kind::Shared),
            ("100.128.0.1", Kind::Public),
            ("224.0.0.1", Kind::Multicast),
            ("255.255.255.255", Kind::Multicast),
            ("240.0.0.1", Kind::Special),
            ("192.0.0.8", Kind::Special),
            ("192.0.2.1", Kind::Special),
            ("192.88.99.1", Kind::Special),
            ("198.18.0.1", Kind::Special),
            ("198.51.100.7", Kind::Special),
            ("203.0.113.7", Kind::Special),
            ("8.8.8.8", Kind::Public),
            ("::1", Kind::Loopback),
            ("::", Kind::Special),
            ("::7f00:1", Kind::Special),
            ("fe80::1", Kind::LinkLocal),
            ("fec0::1", Kind::Special),
            ("fd00::1", Kind::Private),
            ("fd00:ec2::254", Kind::LinkLocal),
            ("::ffff:127.0.0.1", Kind::Loopback),
            ("::ffff:10.0.0.1", Kind::Private),
            ("::ffff:169.254.169.254", Kind::LinkLocal),
            ("::ffff:8.8.8.8", Kind::Public),
            ("64:ff9b::7f00:1", Kind::Loopback),
            ("64:ff9b::808:808", Kind::Public),
            ("64:ff9b:1::808:808", Kind::Special),
            ("2002:7f00:1::", Kind::Special),
            ("2001:0:7f00:1::", Kind::Special),
            ("2001:db8::1", Kind::Special),
            ("3fff::1", Kind::Special),
            ("5f00::1", Kind::Special),
            ("ff02::1", Kind::Multicast),
            ("2606:4700::1111", Kind::Public),
        ];
        for (text, kind) in table {
            assert_eq!(kind_of(text.parse().unwrap()), kind, "{text}");
        }
    }

    #[test]
    fn what_is_the_clouds_can_never_be_listed() {
        for text in [
            "169.254.169.254",
            "fd00:ec2::254",
            "224.0.0.1",
            "0.0.0.0",
            "fe80::1",
        ] {
            assert!(!kind_of(text.parse().unwrap()).is_listable(), "{text}");
        }
    }
}
