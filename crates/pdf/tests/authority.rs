//! Other people's keys and clocks: OpenSSL makes PKCS#12 files and answers as a time-stamp authority.

use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

pub(crate) struct Openssl {
    pub(crate) folder: TempDir,
}

fn run(folder: &Path, words: &[&str]) {
    let out = Command::new("openssl").args(words).current_dir(folder).output().unwrap();
    assert!(
        out.status.success(),
        "openssl {words:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
}

impl Openssl {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn run(&self, words: &[&str]) {
        run(self.folder.path(), words);
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// A root and a certificate under it, as NAME.p12 with the password "geheim" and NAME-root.der.
    pub(crate) fn pkcs12(&self, name: &str, key: &[&str]) -> Vec<u8> {
        self.write(
            "leaf.cnf",
            "keyUsage=critical,digitalSignature,nonRepudiation\nbasicConstraints=critical,CA:false\n",
        );
        let root = format!("{name}-root");
        let mut words = vec![
            "req",
            "-x509",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/CN=Some Public Root",
            "-newkey",
        ];
        words.extend(key);
        let (root_key, root_pem, root_der) = (format!("{root}.key"), format!("{root}.pem"), format!("{root}.der"));
        words.extend(["-keyout", &root_key, "-out", &root_pem]);
        self.run(&words);
        self.run(&["x509", "-in", &root_pem, "-outform", "DER", "-out", &root_der]);
        let mut words = vec!["req", "-nodes", "-subj", "/O=Northwind/CN=Dana Okafor", "-newkey"];
        words.extend(key);
        words.extend(["-keyout", "leaf.key", "-out", "leaf.csr"]);
        self.run(&words);
        self.run(&[
            "x509",
            "-req",
            "-in",
            "leaf.csr",
            "-CA",
            &root_pem,
            "-CAkey",
            &root_key,
            "-CAcreateserial",
            "-days",
            "3000",
            "-extfile",
            "leaf.cnf",
            "-out",
            "leaf.pem",
        ]);
        let file = format!("{name}.p12");
        self.run(&[
            "pkcs12",
            "-export",
            "-inkey",
            "leaf.key",
            "-in",
            "leaf.pem",
            "-certfile",
            &root_pem,
            "-passout",
            "pass:geheim",
            "-out",
            &file,
        ]);
        self.read(&file)
    }

    /// A time-stamp authority: tsa-root.der, and what answers requests.
    pub(crate) fn time_stamps(&self) {
        self.write(
            "tsa.ext",
            "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n",
        );
        self.write("serial", "01\n");
        self.write(
            "tsa.cnf",
            "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\ncrypto_device=builtin\nsigner_cert=tsa.pem\ncerts=tsa-root.pem\nsigner_key=tsa.key\n\
             signer_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\naccuracy=secs:1\nordering=no\ntsa_name=no\ness_cert_id_chain=no\n\
             ess_cert_id_alg=sha256\n",
        );
        self.run(&[
            "req",
            "-x509",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            "/CN=Clock Root",
            "-newkey",
            "rsa:2048",
            "-keyout",
            "tsa-root.key",
            "-out",
            "tsa-root.pem",
        ]);
        self.run(&["x509", "-in", "tsa-root.pem", "-outform", "DER", "-out", "tsa-root.der"]);
        self.run(&[
            "req",
            "-nodes",
            "-subj",
            "/CN=The Clock",
            "-newkey",
            "rsa:2048",
            "-keyout",
            "tsa.key",
            "-out",
            "tsa.csr",
        ]);
        self.run(&[
            "x509",
            "-req",
            "-in",
            "tsa.csr",
            "-CA",
            "tsa-root.pem",
            "-CAkey",
            "tsa-root.key",
            "-CAcreateserial",
            "-days",
            "3000",
            "-extfile",
            "tsa.ext",
            "-out",
            "tsa.pem",
        ]);
    }

    /// What the authority answers.
    pub(crate) fn answer(&self, request: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        std::fs::write(self.folder.path().join("request.tsq"), request)?;
        self.run(&[
            "ts",
            "-reply",
            "-config",
            "tsa.cnf",
            "-queryfile",
            "request.tsq",
            "-out",
            "response.tsr",
        ]);
        Ok(self.read("response.tsr"))
    }
}
