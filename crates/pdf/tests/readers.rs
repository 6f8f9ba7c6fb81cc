//! Other people's programs that read the document.

use std::io::Write;
use std::process::Command;

pub(crate) struct Opened(tempfile::NamedTempFile);

impl Opened {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut file = tempfile::NamedTempFile::with_suffix(".pdf").unwrap();
        file.write_all(bytes).unwrap();
        if let Some(kept) = std::env::var_os("CAISEY_KEEP_PDF") {
            std::fs::write(kept, bytes).unwrap();
        }
        Self(file)
    }

    /// What poppler extracts, in the order of the page's columns.
    pub(crate) fn text(&self) -> String {
        self.extracted(&[])
    }

    /// What poppler extracts, in the order of the file: what one gets by selecting everything.
    pub(crate) fn text_in_order(&self) -> String {
        self.extracted(&["-raw"])
    }

    fn extracted(&self, how: &[&str]) -> String {
        let out = Command::new("pdftotext")
            .args(how)
            .args(["-enc", "UTF-8"])
            .arg(self.0.path())
            .arg("-")
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    /// What poppler says about signatures.
    pub(crate) fn signatures(&self) -> String {
        // Certificates are looked for in nobody\'s profile.
        let empty = tempfile::tempdir().unwrap();
        let out = Command::new("pdfsig")
            .env("HOME", empty.path())
            .arg(self.0.path())
            .output()
            .unwrap();
        String::from_utf8(out.stdout).unwrap()
    }

    /// What poppler takes out of the attachments.
    pub(crate) fn attached(&self, name: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let out = Command::new("pdfdetach")
            .arg("-saveall")
            .arg("-o")
            .arg(folder.path())
            .arg(self.0.path())
            .output()
            .unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        std::fs::read(folder.path().join(name)).unwrap()
    }

    /// qpdf finds no fault in structure, streams and cross references.
    pub(crate) fn is_sound(&self) {
        let out = Command::new("qpdf").arg("--check").arg(self.0.path()).output().unwrap();
        assert!(
            out.status.success(),
            "{}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        );
    }
}

/// Without white space: where lines break is the page's affair.
pub(crate) fn squeezed(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}
