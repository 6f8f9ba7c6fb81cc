//! What an erasure leaves in this host's own files.

use crate::administration::erases;
use crate::desk::Desk;

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_text_is_gone_from_the_files() {
    let desk = Desk::start().await;
    erases(&desk, "the patient's name is Ximena Quetzalcoatl").await;
    let folder = desk.dir.path().join("data").join(desk.organisation().as_str());
    for file in std::fs::read_dir(folder).unwrap().flatten() {
        let bytes = std::fs::read(file.path()).unwrap();
        let found = bytes.windows(12).any(|window| window == b"Quetzalcoatl");
        assert!(!found, "{}", file.path().display());
    }
}
