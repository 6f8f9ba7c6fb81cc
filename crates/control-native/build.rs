//! Takes the built files of the share page into the program, or nothing in their place where they were not built: the program works without
//! them, and its pages say so.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const FILES: [&str; 3] = ["page.js", "check.js", "check.wasm"];

fn main() -> io::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/share/dist");
    println!("cargo::rerun-if-changed={}", built.display());
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    for name in FILES {
        let bytes = match fs::read(built.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        fs::write(out.join(name), bytes)?;
    }
    Ok(())
}
