//! The data directory: which file is whose, the lock that keeps a second process out, and the keys.
//!
//! `DIR/lock`, `DIR/keys/<name>.key` (32 bytes of Ed25519 seed in base64, readable by the owner only),
//! `DIR/<organisation>/organisation.sqlite`, `DIR/<organisation>/<endpoint>.sqlite`.

use crate::clock;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use caisey_control::port::{ObjectName, Signer};
use caisey_ledger::id::{EndpointId, OrganisationId};
use ed25519_dalek::{Signer as _, SigningKey};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Somebody else has it.
    #[error("another control plane is using {0}; stop it first, or choose another directory with --data")]
    InUse(PathBuf),
    /// It cannot be read or written.
    #[error("the data directory {path} cannot be used: it could not {doing}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A key file is not what we wrote.
    #[error(
        "the key file {0} is damaged; restore it from a backup, because a new key would not match the logs that the old one signed"
    )]
    DamagedKey(PathBuf),
}

/// A locked data directory.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
    lock: File,
}

impl DataDir {
    /// Makes the directory when absent and locks it for this process.
    pub(crate) fn open(root: &Path) -> Result<Self, DataDirError> {
        let io = |doing| {
            move |source| DataDirError::Io {
                path: root.to_owned(),
                doing,
                source,
            }
        };
        private_dir(root).map_err(io("be made"))?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(root.join("lock"))
            .map_err(io("take a lock file"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                root: root.to_owned(),
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(root.to_owned())),
            Err(TryLockError::Error(source)) => Err(io("be locked")(source)),
        }
    }

    /// Where the local issuer keeps its accounts.
    pub(crate) fn accounts(root: &Path) -> PathBuf {
        root.join("local-issuer.sqlite")
    }

    /// Lets the next process in; nothing may be written after this.
    pub(crate) fn unlock(&self) {
        let _ = self.lock.unlock();
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The database of an object.
    pub(crate) fn path(&self, name: &ObjectName) -> PathBuf {
        match name {
            ObjectName::Organisation(organisation) => self.root.join(organisation.as_str()).join("organisation.sqlite"),
            ObjectName::Endpoint(organisation, endpoint) => {
                self.root.join(organisation.as_str()).join(format!("{endpoint}.sqlite"))
            }
        }
    }

    /// Makes the directory that an object's database goes into.
    pub(crate) fn prepare(&self, name: &ObjectName) -> io::Result<()> {
        let (ObjectName::Organisation(organisation) | ObjectName::Endpoint(organisation, _)) = name;
        let dir = self.root.join(organisation.as_str());
        if dir.is_dir() {
            return Ok(());
        }
        private_dir(&dir)?;
        sync_dir(&self.root)
    }

    /// Every endpoint that has a database, in no order.
    pub(crate) fn endpoints(&self) -> io::Result<Vec<ObjectName>> {
        let mut found = Vec::new();
        for organisation in fs::read_dir(&self.root)?.flatten() {
            let Some(id) = organisation
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<OrganisationId>().ok())
            else {
                continue;
            };
            for file in fs::read_dir(organisation.path())?.flatten() {
                let name = file.file_name();
                let endpoint = name.to_str().and_then(|name| name.strip_suffix(".sqlite"));
                if let Some(endpoint) = endpoint.and_then(|name| name.parse::<EndpointId>().ok()) {
                    found.push(ObjectName::Endpoint(id.clone(), endpoint));
                }
            }
        }
        Ok(found)
    }

    /// The key of this name, if there is one.
    pub(crate) fn existing_key(&self, name: &str) -> Result<Option<Key>, DataDirError> {
        match self.root.join("keys").join(format!("{name}.key")).is_file() {
            true => self.key(name).map(Some),
            false => Ok(None),
        }
    }

    /// The key of this name; made, and made durable, at its first use.
    pub(crate) fn key(&self, name: &str) -> Result<Key, DataDirError> {
        let dir = self.root.join("keys");
        let path = dir.join(format!("{name}.key"));
        let io = |doing| {
            let path = path.clone();
            move |source| DataDirError::Io { path, doing, source }
        };
        private_dir(&dir).map_err(io("make the directory of keys"))?;
        match fs::read_to_string(&path) {
            Ok(text) => {
                let seed = STANDARD
                    .decode(text.trim())
                    .ok()
                    .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
                let seed = seed.ok_or_else(|| DataDirError::DamagedKey(path.clone()))?;
                Ok(Key(SigningKey::from_bytes(&seed)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let seed = clock::random::<32>().map_err(io("draw a random key"))?;
                write_private(&path, STANDARD.encode(seed).as_bytes()).map_err(io("store a new key"))?;
                Ok(Key(SigningKey::from_bytes(&seed)))
            }
            Err(error) => Err(io("read a key")(error)),
        }
    }
}

/// A directory that its owner alone can enter.
pub(crate) fn private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes beside, synchronises, renames: the file is either absent or whole.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Makes what was made or renamed in it durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    // Windows cannot open a directory as a file; its rename is durable with the volume's journal.
    if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
}

/// An Ed25519 key of this control plane (RFC 8032).
#[derive(Clone)]
pub(crate) struct Key(SigningKey);

impl Key {
    /// The public half as the wire carries it: 32 bytes, standard base64.
    pub(crate) fn public_base64(&self) -> String {
        STANDARD.encode(self.0.verifying_key().as_bytes())
    }
}

impl Signer for Key {
    fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.public_base64())
    }
}
