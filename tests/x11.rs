//! What a window manager does when a person presses the cross: asks the window to close (ICCCM 4.2.8.1), over the X protocol itself (X11
//! protocol specification, encoding in appendix B). There is no window manager on a test's display that could do it.

use crate::screen::Screen;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

const INTERN_ATOM: u8 = 16;
const SEND_EVENT: u8 = 25;
const CLIENT_MESSAGE: u8 = 33;

/// The console's window; with `visible` only one that is on the screen.
pub(crate) fn console(screen: &Screen, visible: bool) -> Option<u32> {
    let mut hand = screen.command("xdotool");
    hand.arg("search");
    if visible {
        hand.arg("--onlyvisible");
    }
    let found = hand
        .args(["--name", "^Caisey Console$"])
        .output()
        .expect("xdotool is installed");
    let found = String::from_utf8(found.stdout).unwrap();
    found.lines().last().map(|window| window.parse().unwrap())
}

/// Asks the console's window to close.
pub(crate) fn asks_to_close(screen: &Screen) {
    let window = console(screen, true).expect("the window is on the screen");
    let mut server = Server::connect(screen.display());
    let (protocols, delete) = (server.atom("WM_PROTOCOLS"), server.atom("WM_DELETE_WINDOW"));
    let mut event = vec![CLIENT_MESSAGE, 32, 0, 0];
    for word in [window, protocols, delete, 0, 0, 0, 0] {
        event.extend(word.to_le_bytes());
    }
    let mut request = vec![SEND_EVENT, 0, 11, 0];
    request.extend(window.to_le_bytes());
    request.extend(0_u32.to_le_bytes());
    request.extend(event);
    server.0.write_all(&request).unwrap();
    // Whatever was asked is carried out in order: an answer to this means that the event was sent.
    server.atom("WM_PROTOCOLS");
}

struct Server(UnixStream);

impl Server {
    fn connect(display: &str) -> Self {
        let number = display.trim_start_matches(':');
        let mut stream = UnixStream::connect(format!("/tmp/.X11-unix/X{number}")).unwrap();
        // Least significant byte first, protocol 11.0, no authorisation.
        stream.write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        let mut head = [0; 8];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(head[0], 1, "the display let nobody in");
        let more = usize::from(u16::from_le_bytes([head[6], head[7]])) * 4;
        stream.read_exact(&mut vec![0; more]).unwrap();
        Self(stream)
    }

    fn atom(&mut self, name: &str) -> u32 {
        let padded = name.len().next_multiple_of(4);
        let mut request = vec![INTERN_ATOM, 0];
        request.extend(u16::try_from(2 + padded / 4).unwrap().to_le_bytes());
        request.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        request.extend([0, 0]);
        request.extend(name.bytes());
        request.resize(8 + padded, 0);
        self.0.write_all(&request).unwrap();
        let mut answer = [0; 32];
        self.0.read_exact(&mut answer).unwrap();
        assert_eq!(answer[0], 1, "the display does not know {name}");
        u32::from_le_bytes([answer[8], answer[9], answer[10], answer[11]])
    }
}
