//! URLs that only this machine or its network can reach.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// True if a remote service cannot reach the URL: a loopback, private or link-local address, or a
/// name of the local network.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => is_local_v4(address),
        Some(Host::Ipv6(address)) => match address.to_ipv4_mapped() {
            Some(address) => is_local_v4(address),
            None => is_local_v6(address),
        },
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let top = name.rsplit('.').next().unwrap_or(name);
            !name.contains('.') || matches!(top, "localhost" | "local" | "internal" | "lan")
        }
        None => true,
    }
}

fn is_local_v4(address: Ipv4Addr) -> bool {
    let is_carrier_grade_nat = matches!(address.octets(), [100, 64..128, ..]);
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || is_carrier_grade_nat
}

fn is_local_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_and_its_network_are_local() {
        for url in [
            "http://127.0.0.1/a",
            "http://localhost:8000/a",
            "http://a.localhost/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.2/",
            "http://169.254.1.1/",
            "http://100.64.0.1/",
            "http://[::1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://nas/a.wav",
            "http://nas.local./a.wav",
            "http://files.internal/",
            "http://0.0.0.0/",
        ] {
            assert!(is_local(&Url::parse(url).unwrap()), "{url}");
        }
        for url in [
            "https://cdn.example.com/a",
            "http://8.8.8.8/",
            "http://172.32.0.1/",
            "http://100.128.0.1/",
            "http://[2606:4700::1]/",
            "http://localhost.example.com/",
        ] {
            assert!(!is_local(&Url::parse(url).unwrap()), "{url}");
        }
    }
}
