//! The smallest window that tauri can open, for `cargo xtask bench`: how long the platform alone takes.
//!
//! The same configuration, address, transport and mark as the console: its window is described by tauri.conf.json, its page comes
//! from `tauri://localhost`, and when a task has run two frames after the page did it says `usable` by a command. What is missing is everything that
//! the console does. A load event would be no mark to compare with: it comes before the first frame, and for a page without a
//! content type it never comes.
#![allow(clippy::print_stderr)] // that line is all it is for

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tauri::utils::assets::{AssetKey, AssetsIter, CspHash};
use tauri::{Assets, Runtime};

static BEGAN: OnceLock<Instant> = OnceLock::new();

const PAGE: &[u8] = b"<!doctype html><html lang=en><meta charset=utf-8><title>Blank</title><script type=module src=/blank.js></script><body>Blank";
const SCRIPT: &[u8] =
    b"requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => window.__TAURI_INTERNALS__.invoke('reached', { mark: 'usable' }))));";

/// Two files instead of the console's pages.
struct Blank;

impl<R: Runtime> Assets<R> for Blank {
    fn get(&self, key: &AssetKey) -> Option<Cow<'_, [u8]>> {
        Some(Cow::Borrowed(if key.as_ref().ends_with(".js") { SCRIPT } else { PAGE }))
    }

    fn iter(&self) -> Box<AssetsIter<'_>> {
        Box::new(std::iter::empty())
    }

    fn csp_hashes(&self, _: &AssetKey) -> Box<dyn Iterator<Item = CspHash<'_>> + '_> {
        Box::new(std::iter::empty())
    }
}

/// Says how far the start is, in the console's form.
fn say(mark: &str) {
    let since = BEGAN.get_or_init(Instant::now).elapsed().as_secs_f64() * 1_000.0;
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64() * 1_000.0);
    eprintln!("caisey-start {mark} {since:.1} {unix:.3}");
}

#[tauri::command]
fn reached(mark: &str) {
    say(mark);
}

fn main() -> tauri::Result<()> {
    BEGAN.get_or_init(Instant::now);
    let mut context = tauri::generate_context!();
    context.set_assets(Box::new(Blank));
    tauri::Builder::default()
        .invoke_handler(tauri::generate_handler![reached])
        .setup(|_| {
            say("setup");
            Ok(())
        })
        .run(context)
}
