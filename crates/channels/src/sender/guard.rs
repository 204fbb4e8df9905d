//! Keeps notices from being used to reach what only this machine can reach: whoever may set an endpoint chooses where
//! requests go (server-side request forgery). What decides is the address that is connected to, at the time of connecting,
//! so that a name cannot mean one thing when it is checked and another when it is used.

use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, LazyLock},
};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Networks that are not the public internet's (IANA's registries of special-purpose addresses), by what they are for. Of
/// IPv6, only `2000::/3` is given out at all.
const SPECIAL: [(&str, &str); 25] = [
    ("0.0.0.0/8", "unspecified"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "shared by a provider's customers"),
    ("127.0.0.0/8", "of this machine"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "reserved"),
    ("192.0.2.0/24", "for documentation"),
    ("192.88.99.0/24", "reserved"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
    ("::/128", "unspecified"),
    ("::1/128", "of this machine"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
    ("ff00::/8", "multicast"),
    ("2001::/23", "reserved"),
    ("2001:db8::/32", "for documentation"),
    ("3fff::/20", "for documentation"),
    ("::/3", "reserved"),
    ("4000::/2", "reserved"),
];

/// The last of IPv6 that is not given out: `8000::/1`, which would hide what is more exactly known.
const UPPER_HALF: u16 = 0x8000;

static NETWORKS: LazyLock<Vec<(IpNet, &str)>> = LazyLock::new(|| {
    SPECIAL.iter().map(|(network, what)| (network.parse().expect("the table holds networks"), *what)).collect()
});

/// The addresses of a name, once they are known.
pub(super) type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
type Lookup = dyn Fn(String) -> Looking + Send + Sync;

/// Decides which addresses may be connected to.
pub(super) struct Guard {
    allowed: Vec<IpNet>,
    lookup: Box<Lookup>,
}

/// Why something is not connected to.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "{host} is at {address}, which is {what}: nothing is sent there unless the operator allows that network \
         (notifications.allowed_networks)"
    )]
    NotPublic { host: String, address: IpAddr, what: &'static str },
    #[error("the name {host} cannot be resolved")]
    Unresolved { host: String, source: io::Error },
    #[error("the name {host} has no address")]
    NoAddress { host: String },
}

impl Guard {
    pub(super) fn new(allowed: Vec<IpNet>) -> Self {
        Self::with_lookup(allowed, |host| {
            Box::pin(async move {
                let addresses = tokio::net::lookup_host((host, 0)).await?;
                Ok(addresses.map(|address| address.ip()).collect())
            })
        })
    }

    pub(super) fn with_lookup(allowed: Vec<IpNet>, lookup: impl Fn(String) -> Looking + Send + Sync + 'static) -> Self {
        Self { allowed, lookup: Box::new(lookup) }
    }

    /// Addresses of a name or an address itself, without those that must not be connected to.
    pub(super) async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Refusal> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let found = match bare.parse() {
            Ok(address) => vec![address],
            Err(_) => (self.lookup)(host.to_owned())
                .await
                .map_err(|source| Refusal::Unresolved { host: host.to_owned(), source })?,
        };
        let mut refusal = Refusal::NoAddress { host: host.to_owned() };
        let mut usable = Vec::new();
        for address in found {
            match self.check(host, address) {
                Ok(()) => usable.push(address),
                Err(refused) => refusal = refused,
            }
        }
        if usable.is_empty() { Err(refusal) } else { Ok(usable) }
    }

    /// Addresses in URLs: nobody resolves them.
    pub(super) fn check_url(&self, url: &Url) -> Result<(), Refusal> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(&address.to_string(), address.into()),
            Some(Host::Ipv6(address)) => self.check(&address.to_string(), address.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    fn check(&self, host: &str, address: IpAddr) -> Result<(), Refusal> {
        let meant = meant(address);
        let allowed = |address: &IpAddr| self.allowed.iter().any(|network| network.contains(address));
        match not_public(meant) {
            Some(what) if !allowed(&address) && !allowed(&meant) => {
                Err(Refusal::NotPublic { host: host.to_owned(), address, what })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

/// The address of IPv4 that an address of IPv6 leads to: mapped (RFC 4291), through NAT64 (RFC 6052) or 6to4 (RFC 3056).
fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else { return address };
    let segments = six.segments();
    let four = |at: usize| IpAddr::V4(Ipv4Addr::from((u32::from(segments[at]) << 16) | u32::from(segments[at + 1])));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => four(6),
        // The deprecated form `::1.2.3.4`; what is left of it are `::` and `::1`.
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => four(6),
        [0x2002, ..] => four(1),
        _ => address,
    }
}

/// What a network is for that is not the public internet's.
fn not_public(address: IpAddr) -> Option<&'static str> {
    let special = NETWORKS.iter().find(|(network, _)| network.contains(&address)).map(|(_, what)| *what);
    let upper = matches!(address, IpAddr::V6(six) if six.segments()[0] & UPPER_HALF != 0);
    special.or(upper.then_some("reserved"))
}

/// Names as reqwest asks for them.
pub(super) struct Resolver(pub(super) Arc<Guard>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let addresses = guard.resolve(name.as_str()).await?;
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> Option<&'static str> {
        not_public(meant(address.parse().unwrap()))
    }

    #[test]
    fn what_is_not_the_public_internet_is_refused_in_every_form() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.0.1",
            "198.51.100.1",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::2",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "100::1",
            "4000::1",
            "8000::1",
            "e000::1",
            // The same, dressed up.
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(refused(address).is_some(), "{address}");
        }
    }

    #[test]
    fn the_public_internet_is_not() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
        ] {
            assert_eq!(refused(address), None, "{address}");
        }
    }

    #[test]
    fn a_network_that_the_operator_allows_is_not_refused_and_its_neighbour_is() {
        let guard = Guard::new(vec!["10.1.0.0/16".parse().unwrap()]);
        assert!(guard.check("h", "10.1.2.3".parse().unwrap()).is_ok());
        assert!(guard.check("h", "::ffff:10.1.2.3".parse().unwrap()).is_ok());
        let error = guard.check("mail.example", "10.2.0.1".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "mail.example is at 10.2.0.1, which is private: nothing is sent there unless the operator allows that network \
             (notifications.allowed_networks)"
        );
    }

    #[test]
    fn addresses_in_urls_are_seen_through_every_spelling() {
        let guard = Guard::new(Vec::new());
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://127.1/",
            "http://①②⑦.0.0.1/",
        ] {
            assert!(guard.check_url(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
        assert!(guard.check_url(&Url::parse("https://1.1.1.1/").unwrap()).is_ok());
    }

    #[tokio::test]
    async fn of_a_name_with_several_addresses_only_the_public_ones_are_used() {
        let answer = |addresses: &'static [&'static str]| {
            Guard::with_lookup(Vec::new(), move |_| {
                Box::pin(async move { Ok(addresses.iter().map(|address| address.parse().unwrap()).collect()) })
            })
        };
        let usable = answer(&["10.0.0.1", "1.1.1.1", "::1"]).resolve("h.example").await.unwrap();
        assert_eq!(usable, ["1.1.1.1".parse::<IpAddr>().unwrap()]);
        assert!(matches!(answer(&["10.0.0.1"]).resolve("h.example").await, Err(Refusal::NotPublic { .. })));
        assert!(matches!(answer(&[]).resolve("h.example").await, Err(Refusal::NoAddress { .. })));
        assert!(matches!(answer(&[]).resolve("[::1]").await, Err(Refusal::NotPublic { .. })));
    }
}
