//! Real windows of the real program under a virtual display, driven through WebDriver. Linux only: needs Xvfb, dbus-daemon,
//! gnome-keyring, WebKitWebDriver and ImageMagick's `import`, as `cargo xtask` installs them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod consent;
mod driver;
mod notification;
mod plane;
mod provider;
mod screen;
mod window;
