//! Says at compile time which files of the share page there are, each with a mark of its content, for the addresses under which browsers keep
//! them. The files themselves are static assets of the Worker.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;
use std::{fs, io};

const FILES: [&str; 3] = ["page.js", "check.js", "check.wasm"];

fn main() -> io::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/share/dist");
    println!("cargo::rerun-if-changed={}", built.display());
    let mut marks = Vec::new();
    for name in FILES {
        match fs::read(built.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => {
                let mut hasher = DefaultHasher::new();
                read?.hash(&mut hasher);
                marks.push(format!("{name}={:016x}", hasher.finish()));
            }
        }
    }
    println!("cargo::rustc-env=CAISEY_SHARE_FILES={}", marks.join(" "));
    Ok(())
}
