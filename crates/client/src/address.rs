//! Where a control plane is. Promises that nothing is ever sent in the clear to another machine: `https` always, `http` only to
//! this machine's own loopback (the embedded control plane). Leaves out name resolution and proxies.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::{Host, Url};

/// Why an address is not one of a control plane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It cannot be read as a URL.
    #[error("\"{0}\" is not an address; expected something like https://control.example.com")]
    NotAUrl(String),
    /// Neither https nor loopback http.
    #[error("{0} would travel unprotected; use https (http is only accepted for 127.0.0.1, ::1 and localhost on this machine)")]
    Unprotected(String),
    /// It carries a user name, password, query or fragment.
    #[error("the address may not carry a user name, password, query or fragment")]
    Extras,
}

/// A checked base address, without a trailing slash.
#[derive(Clone, PartialEq, Eq)]
pub struct ControlUrl(Url);

impl ControlUrl {
    /// Whether it leads to this machine's own loopback.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// The address of a route. `path` starts with a slash and holds only characters that need no escaping: identifiers do.
    pub fn route(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
        url
    }

    /// The same for a WebSocket: `wss`, or `ws` on loopback.
    pub fn socket_route(&self, path: &str) -> Url {
        let url = self.route(path);
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // `Url::set_scheme` refuses some changes by rule; a textual one between these four cannot fail to parse.
        let text = format!(
            "{scheme}{}",
            url.as_str().trim_start_matches("https").trim_start_matches("http")
        );
        Url::parse(&text).unwrap_or(url)
    }

    /// The address as text, without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

impl FromStr for ControlUrl {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = Url::parse(text.trim()).map_err(|_| AddressError::NotAUrl(text.chars().take(200).collect()))?;
        if url.host().is_none() {
            return Err(AddressError::NotAUrl(text.chars().take(200).collect()));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Extras);
        }
        match url.scheme() {
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            _ => Err(AddressError::Unprotected(url.origin().ascii_serialization())),
        }
    }
}

impl fmt::Display for ControlUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ControlUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_protected_addresses_are_taken() {
        for good in [
            "https://a.example",
            "http://127.0.0.1:80",
            "http://127.9.9.9",
            "http://[::1]:9",
            "http://localhost:1/sub/",
        ] {
            assert!(good.parse::<ControlUrl>().is_ok(), "{good}");
        }
        for bad in [
            "http://a.example",
            "ftp://127.0.0.1",
            "http://localhost.evil.example",
            "https://",
            "nonsense",
            "http://0.0.0.0",
        ] {
            assert!(bad.parse::<ControlUrl>().is_err(), "{bad}");
        }
        assert_eq!("https://me:pw@a.example".parse::<ControlUrl>(), Err(AddressError::Extras));
        assert_eq!("https://a.example/?x=1".parse::<ControlUrl>(), Err(AddressError::Extras));
    }

    #[test]
    fn routes_keep_a_path_prefix_and_switch_scheme() {
        let url: ControlUrl = "https://a.example/caisey/".parse().unwrap();
        assert_eq!(url.route("/v1/me").as_str(), "https://a.example/caisey/v1/me");
        assert_eq!(url.socket_route("/v1/watch").as_str(), "wss://a.example/caisey/v1/watch");
        let local: ControlUrl = "http://127.0.0.1:8080".parse().unwrap();
        assert_eq!(local.socket_route("/v1/watch").as_str(), "ws://127.0.0.1:8080/v1/watch");
        assert_eq!(local.as_str(), "http://127.0.0.1:8080");
    }
}
