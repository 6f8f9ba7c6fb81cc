//! How the page is painted where no graphics card does it. Linux only: elsewhere the web view decides that itself.
//!
//! WebKitGTK composes a page with OpenGL whether or not a card does the work. On servers, in most virtual machines and over remote desktops
//! Mesa then computes it on the processor, and the first picture of a window takes several times as long as painting it straight would
//! (docs/decisions/0030).

use std::path::Path;
use tauri::{App, Manager};
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

/// Has every window of the program painted straight, unless a graphics card is there to compose it.
pub(crate) fn suit_machine(app: &App) {
    if has_graphics_card(Path::new("/dev")) {
        return;
    }
    for (label, window) in app.webview_windows() {
        let set = window.with_webview(|view| {
            if let Some(settings) = view.inner().settings() {
                settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
            }
        });
        if let Err(error) = set {
            tracing::warn!(%error, label, "the window is painted the slow way");
        }
    }
}

/// Whether this folder of devices holds one that renders: the kernel's render nodes, NVIDIA's own driver, or the host's card under WSL.
fn has_graphics_card(devices: &Path) -> bool {
    let renders = std::fs::read_dir(devices.join("dri")).is_ok_and(|nodes| {
        nodes
            .flatten()
            .any(|node| node.file_name().to_string_lossy().starts_with("renderD"))
    });
    renders || ["nvidiactl", "dxg"].iter().any(|name| devices.join(name).exists())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::has_graphics_card;

    fn devices(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        folder
    }

    #[test]
    fn a_screen_alone_is_no_graphics_card() {
        for without in [&[][..], &["dri/card0"], &["null", "fb0"]] {
            assert!(!has_graphics_card(devices(without).path()), "{without:?}");
        }
    }

    #[test]
    fn what_renders_is_one() {
        for with in [&["dri/card0", "dri/renderD128"][..], &["nvidiactl"], &["dxg"]] {
            assert!(has_graphics_card(devices(with).path()), "{with:?}");
        }
    }
}
