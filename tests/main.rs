//! Real windows of the real program under a virtual display, driven through WebDriver. Linux only: needs Xvfb, dbus-daemon,
//! gnome-keyring, WebKitWebDriver, dunst, gdbus, xdotool and ImageMagick's `import`, as `cargo xtask` installs them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod agreement;
#[path = "../crates/pdf/tests/authority.rs"]
mod authority;
mod consent;
mod driver;
mod floor;
mod handing_over;
mod notification;
mod plane;
mod policies;
#[path = "../crates/console/tests/ports.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod ports;
mod provider;
mod screen;
mod tray;
mod window;
mod x11;
