//! A record leaves through the real window: signed with a certificate from a file, stamped by a time-stamp authority over HTTP, both OpenSSL's.

use crate::authority::Openssl;
use crate::driver::{ENTER, Window};
use crate::plane::PASSWORD;
use crate::screen::Screen;
use crate::window::{COMPOSER, open_session};
use caisey_pdf::{Anchor, Trust, examine};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

/// An authority that answers requests over HTTP (RFC 3161 §3.4) as long as the test runs; its address.
fn clock(openssl: Arc<Openssl>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(&openssl, stream.unwrap());
        }
    });
    address
}

fn answer(openssl: &Openssl, stream: TcpStream) {
    let mut reader = BufReader::new(&stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(said) = line.strip_prefix("content-length:") {
            length = said.trim().parse().unwrap();
        }
    }
    let mut request = vec![0; length];
    reader.read_exact(&mut request).unwrap();
    let reply = openssl.answer(&request).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/timestamp-reply\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        reply.len()
    );
    (&stream).write_all(head.as_bytes()).unwrap();
    (&stream).write_all(&reply).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_leaves_signed_by_a_certificate_from_a_file_and_stamped_by_an_authority() {
    let openssl = Openssl::new();
    openssl.time_stamps();
    openssl.pkcs12("desk", &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let openssl = Arc::new(openssl);
    let address = clock(Arc::clone(&openssl));
    let certificate = openssl.folder.path().join("desk.p12");

    let screen = Screen::with_key_store();
    let variables = [
        ("CAISEY_AUTOSTART", "embedded"),
        ("CAISEY_CERTIFICATE", certificate.to_str().unwrap()),
    ];
    let window = Window::open(&screen, &variables).await;
    open_session(&window, "For the broker").await;
    window.type_into(COMPOSER, &format!("echo signed-and-stamped{ENTER}")).await;
    window.sees("Exit code 0").await;
    window.press("Hand over").await;
    window.sees("Read and attest").await;
    window.script("document.getElementById('tab-leave').click()").await;
    window.sees("Nobody has attested this record yet").await;
    window.script(CHOOSES).await;
    window.press("Choose the file").await;
    window.sees("desk.p12").await;
    window.type_into("input[type=url]", &address).await;

    window.type_into("input[type=password]", PASSWORD).await;
    window.press("Sign and save").await;
    window.sees("does not open with this password").await;
    window.rests().await;
    screen.picture("hand-over-refused");
    window.script(EMPTIES).await;
    window.type_into("input[type=password]", "geheim").await;
    window.press("Sign and save").await;
    window.sees("Saved: ").await;
    window.rests().await;
    screen.picture("handed-over");

    let written = std::fs::read_dir(screen.exports())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "pdf"))
        .unwrap();
    let trust = Trust {
        document_roots: vec![openssl.read("desk-root.der")],
        time_roots: vec![openssl.read("tsa-root.der")],
    };
    let signature = examine(&std::fs::read(written).unwrap(), &trust).unwrap().signature.unwrap();
    assert_eq!(
        (signature.signer.as_str(), signature.anchor),
        ("Dana Okafor", Anchor::Trusted)
    );
    let stamp = signature.stamp.unwrap();
    assert_eq!((stamp.authority.as_str(), stamp.anchor), ("The Clock", Anchor::Trusted));
    window.close().await;
}

/// Chooses a certificate of one's own, and a time stamp.
const CHOOSES: &str = "const labels = [...document.querySelectorAll('label.check')];\
     for (const words of ['A certificate of yours', 'Time stamp by a third party'])\
       labels.find((label) => label.innerText.includes(words)).querySelector('input').click();";
/// Takes the password out again.
const EMPTIES: &str = "const field = document.querySelector('input[type=password]');\
     field.value = ''; field.dispatchEvent(new Event('input'));";
