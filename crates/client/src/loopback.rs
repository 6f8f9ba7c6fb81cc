//! Where the browser comes back to after a sign-in: a listener on 127.0.0.1, on a port that the operating system picks, for one answer
//! (RFC 8252 §7.3). Answers that do not carry the expected state change nothing: any program and any web page of this machine can knock.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use url::Url;

const PATH: &str = "/signed-in";
const NOT_FOUND: &str = "404 Not Found";
const MAX_REQUEST_BYTES: usize = 16 * 1024;
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// What the browser brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Returned {
    /// An authorization code.
    Code(String),
    /// The issuer, or the person, said no.
    Refused(String),
}

pub(crate) struct Loopback {
    listener: TcpListener,
    address: SocketAddr,
}

impl Loopback {
    pub(crate) async fn open() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// What the issuer is told to send the browser to.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Waits for the browser. `issuer` is compared when the answer names one (RFC 9207). `stray` hears of answers that are not the one.
    pub(crate) async fn wait(&self, state: &str, issuer: &str, stray: impl Fn()) -> std::io::Result<Returned> {
        loop {
            let (mut stream, _) = self.listener.accept().await?;
            let Ok(Some(request)) = timeout(REQUEST_LIMIT, read_request(&mut stream)).await else {
                continue;
            };
            match self.judge(&request, state, issuer) {
                Ok(returned) => {
                    let page = match &returned {
                        Returned::Code(_) => (
                            "Go back to Caisey Console",
                            "The sign-in goes on there. You can close this window.",
                        ),
                        Returned::Refused(_) => (
                            "You were not signed in",
                            "Caisey Console says more. You can close this window.",
                        ),
                    };
                    let _ = timeout(REQUEST_LIMIT, answer(&mut stream, "200 OK", page)).await;
                    return Ok(returned);
                }
                Err(status) => {
                    // Browsers ask for an icon beside every page.
                    if status != NOT_FOUND {
                        stray();
                    }
                    let page = (
                        "Not the sign-in that Caisey Console waits for",
                        "It belongs to an earlier attempt, or to somebody else. Nothing was changed. Start again in Caisey Console.",
                    );
                    let _ = timeout(REQUEST_LIMIT, answer(&mut stream, status, page)).await;
                }
            }
        }
    }

    fn judge(&self, request: &str, state: &str, issuer: &str) -> Result<Returned, &'static str> {
        let mut lines = request.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some("GET"), Some(target)) = (first.next(), first.next()) else {
            return Err("405 Method Not Allowed");
        };
        // A page that rebinds its own name to this address names itself here.
        let host = lines.find_map(|line| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("host")));
        if host.map(|(_, host)| host.trim()) != Some(self.address.to_string().as_str()) {
            return Err("421 Misdirected Request");
        }
        let url = Url::parse(&format!("http://{}", self.address))
            .and_then(|base| base.join(target))
            .map_err(|_| "400 Bad Request")?;
        if url.path() != PATH {
            return Err(NOT_FOUND);
        }
        let value = |wanted: &str| {
            url.query_pairs()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        if value("state").as_deref() != Some(state) || value("iss").is_some_and(|found| found != issuer) {
            return Err("400 Bad Request");
        }
        match (value("code"), value("error")) {
            (Some(code), None) => Ok(Returned::Code(code)),
            (_, Some(error)) => Ok(Returned::Refused(value("error_description").unwrap_or(error))),
            (None, None) => Err("400 Bad Request"),
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let (mut request, mut buffer) = (Vec::new(), [0u8; 2048]);
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        request.extend_from_slice(buffer.get(..count)?);
        if request.len() > MAX_REQUEST_BYTES {
            return None;
        }
    }
    String::from_utf8(request).ok()
}

/// How the page looks; everything on it is ours, so that nothing in it can be anybody else's style.
const STYLE: &str = "html{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:26rem;margin:18vh auto;padding:0 1.5rem}\
                     h1{font-size:1.35rem;margin:0 0 .4rem}p{margin:0;opacity:.75}";

async fn answer(stream: &mut TcpStream, status: &str, (title, words): (&str, &str)) -> std::io::Result<()> {
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\"><title>Caisey Console</title>\
         <style>{STYLE}</style><h1>{title}</h1><p>{words}</p></html>"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(page.as_bytes()).await?;
    stream.shutdown().await
}
