//! The tray's icon: how many requests wait (a mark on the icon, a number beside it, a sentence in the menu and the tooltip), the connection's
//! status, open, quit. A desktop without a tray is no error.
//!
//! Promises: whatever was told before the icon was there is shown once it is. Which of them a desktop shows is its own choice: tooltips are
//! not for Linux, numbers beside icons not for everybody, so the mark and the menu say the same everywhere.

use std::panic::{AssertUnwindSafe, catch_unwind};
use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager, Wry};

/// Who shows icons on desktops of freedesktop.org.
#[cfg(all(unix, not(target_os = "macos")))]
const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// The mark on the icon: red, green, blue, opacity.
const MARK: [u8; 4] = [0xE8, 0x8A, 0x1A, 0xFF];

/// What can change of it; managed.
struct Tray {
    status: MenuItem<Wry>,
    plain: Option<Image<'static>>,
    marked: Option<Image<'static>>,
}

/// Puts the icon into the tray, if there is one.
pub(crate) fn build(app: &AppHandle) {
    // The Linux adapter panics when the indicator library is not installed; the program is of full use without a tray.
    match catch_unwind(AssertUnwindSafe(|| try_build(app))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "no tray icon"),
        Err(_) => tracing::warn!("no tray icon: the indicator library is not installed"),
    }
}

fn try_build(app: &AppHandle) -> tauri::Result<()> {
    let status = MenuItem::with_id(app, "status", "Opening", false, None::<&str>)?;
    let open = MenuItem::with_id(app, "open", "Open Caisey Console", true, None::<&str>)?;
    let quit = MenuItem::with_id(app, "quit", "Quit", true, None::<&str>)?;
    let menu = Menu::with_items(app, &[&status, &open, &PredefinedMenuItem::separator(app)?, &quit])?;
    let mut icon = TrayIconBuilder::with_id("main")
        .tooltip("Caisey Console")
        .menu(&menu)
        .on_menu_event(|app, event| match event.id().as_ref() {
            "open" => show_window(app),
            "quit" => app.exit(0),
            _ => {}
        });
    let plain = app.default_window_icon().map(|image| image.clone().to_owned());
    if let Some(image) = &plain {
        icon = icon.icon(image.clone());
    }
    icon.build(app)?;
    app.manage(Tray {
        status,
        marked: plain.as_ref().map(marked),
        plain,
    });
    Ok(())
}

/// Whether there is an icon for a tray to show.
pub(crate) fn is_there(app: &AppHandle) -> bool {
    app.try_state::<Tray>().is_some()
}

/// Whether somebody shows it: many desktops have no tray, or only with an extension.
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) async fn is_shown() -> bool {
    const BUS: &str = "org.freedesktop.DBus";
    let asked = async {
        let connection = zbus::Connection::session().await?;
        let told = connection
            .call_method(Some(BUS), "/org/freedesktop/DBus", Some(BUS), "NameHasOwner", &WATCHER)
            .await?;
        told.body().deserialize::<bool>()
    };
    match asked.await {
        Ok(shown) => shown,
        Err(error) => {
            tracing::debug!(%error, "nobody says whether there is a tray");
            false
        }
    }
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(crate) async fn is_shown() -> bool {
    true
}

/// Says how many requests wait for the person, and how the connection is.
pub(crate) fn tell(app: &AppHandle, status: &str, waiting: u32) {
    let (Some(tray), Some(icon)) = (app.try_state::<Tray>(), app.tray_by_id("main")) else {
        return;
    };
    let image = if waiting > 0 { &tray.marked } else { &tray.plain };
    let said = icon
        .set_icon(image.clone())
        .and_then(|()| icon.set_title((waiting > 0).then(|| waiting.to_string())))
        .and_then(|()| icon.set_tooltip(Some(tooltip(waiting))))
        .and_then(|()| tray.status.set_text(line(status, waiting)));
    if let Err(error) = said {
        tracing::debug!(%error, "the tray's icon was not changed");
    }
}

fn tooltip(waiting: u32) -> String {
    match waiting {
        0 => "Caisey Console".to_owned(),
        1 => "Caisey Console: one request waits for your answer".to_owned(),
        more => format!("Caisey Console: {more} requests wait for your answer"),
    }
}

fn line(status: &str, waiting: u32) -> String {
    match waiting {
        0 => status.to_owned(),
        1 => format!("1 request waits · {status}"),
        more => format!("{more} requests wait · {status}"),
    }
}

/// The icon with a dot in its lower right corner, set off from whatever is below it.
fn marked(icon: &Image<'static>) -> Image<'static> {
    let (width, height) = (icon.width(), icon.height());
    let mut rgba = icon.rgba().to_vec();
    let radius = f64::from(width.min(height)) * 0.27;
    let gap = radius * 0.28;
    let (right, bottom) = (f64::from(width) - radius, f64::from(height) - radius);
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (f64::from(x) + 0.5, f64::from(y) + 0.5)));
    for ((x, y), pixel) in places.zip(rgba.chunks_exact_mut(4)) {
        let away = (x - right).hypot(y - bottom);
        if away <= radius {
            pixel.copy_from_slice(&MARK);
        } else if away <= radius + gap {
            pixel.copy_from_slice(&[0; 4]);
        }
    }
    Image::new_owned(rgba, width, height)
}

/// Brings the main window to the front.
pub(crate) fn show_window(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main") {
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiting_request_is_marked_on_the_icon_and_nothing_else_of_it_changes() {
        let green = Image::new_owned([10, 90, 80, 255].repeat(32 * 32), 32, 32);
        let with = marked(&green);
        assert_eq!((with.width(), with.height()), (32, 32));
        let at = |x: usize, y: usize| with.rgba().chunks_exact(4).nth(y * 32 + x).map(<[u8]>::to_vec);
        assert_eq!(at(23, 23), Some(MARK.to_vec()));
        assert_eq!(at(2, 2), Some(vec![10, 90, 80, 255]));
        assert_eq!(at(31, 2), Some(vec![10, 90, 80, 255]));
    }

    #[test]
    fn how_many_wait_is_said_in_words() {
        assert_eq!(line("Online", 0), "Online");
        assert_eq!(line("Online", 1), "1 request waits · Online");
        assert_eq!(line("Offline", 3), "3 requests wait · Offline");
        assert!(tooltip(3).contains("3 requests wait"));
    }
}
