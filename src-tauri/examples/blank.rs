//! The smallest window that tauri can open, for `cargo xtask bench`: how long the platform alone takes. Prints one line when its
//! empty page has loaded, in the form of the console's own start-up marks, and ends.
#![allow(clippy::print_stderr)] // that line is all it is for

use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tauri::webview::PageLoadEvent;
use tauri::{WebviewUrl, WebviewWindowBuilder};

fn main() -> tauri::Result<()> {
    let began = Instant::now();
    let mut context = tauri::generate_context!();
    context.config_mut().app.windows.clear();
    tauri::Builder::default()
        .register_uri_scheme_protocol("blank", |_, _| {
            tauri::http::Response::new(b"<!doctype html><title>Blank</title>".to_vec())
        })
        .setup(move |app| {
            let page = WebviewUrl::CustomProtocol("blank://localhost/".parse()?);
            WebviewWindowBuilder::new(app, "blank", page)
                .title("Blank")
                .inner_size(1280.0, 800.0)
                .on_page_load(move |window, load| {
                    if load.event() == PageLoadEvent::Finished {
                        let unix = SystemTime::now()
                            .duration_since(UNIX_EPOCH)
                            .map_or(0, |since| since.as_millis());
                        eprintln!("caisey-start usable {:.1} {unix}", began.elapsed().as_secs_f64() * 1_000.0);
                        let _ = window.close();
                    }
                })
                .build()?;
            Ok(())
        })
        .run(context)
}
