//! The directory in which a runtime keeps everything: its key, where it is enrolled, its outbox.
//!
//! Promises: only the account that runs the runtime can read it; files appear whole or not at all, and are on disk when the call
//! returns; one runtime at a time uses it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What is wrong with the state directory.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// An operation on it failed.
    #[error("cannot {what} {path}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        cause: io::Error,
    },
    /// Others can read or change it.
    #[error("{path} can be read or changed by other users of this machine; run: chmod -R go-rwx {path}")]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
    /// Another runtime uses it.
    #[error("another caisey-runtime already uses {path}; stop it first (systemctl stop caisey-runtime)")]
    InUse {
        /// Which directory.
        path: PathBuf,
    },
}

/// An opened state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir {
    root: PathBuf,
}

/// Held while a runtime runs; the operating system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct InstanceLock {
    _file: File,
}

impl StateDir {
    /// Opens the directory, making it (for this account alone) when there is none.
    ///
    /// # Errors
    /// When it cannot be made, or is open to others.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StateError> {
        let root = root.into();
        make_private_dir(&root).map_err(|cause| StateError::Io {
            what: "make",
            path: root.clone(),
            cause,
        })?;
        check_private(&root)?;
        Ok(Self { root })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.root
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Takes the directory for this process.
    ///
    /// # Errors
    /// [`StateError::InUse`] when another process has it.
    pub fn lock(&self) -> Result<InstanceLock, StateError> {
        let path = self.file("runtime.lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        private_mode(&mut options);
        let file = options.open(&path).map_err(|cause| StateError::Io {
            what: "open",
            path: path.clone(),
            cause,
        })?;
        match file.try_lock() {
            Ok(()) => Ok(InstanceLock { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(StateError::InUse { path: self.root.clone() }),
            Err(fs::TryLockError::Error(cause)) => Err(StateError::Io {
                what: "lock",
                path,
                cause,
            }),
        }
    }

    /// Reads a file; none when there is no such file. Refuses one that others can read.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StateError> {
        let path = self.file(name);
        match fs::read(&path) {
            Ok(bytes) => {
                check_private(&path)?;
                Ok(Some(bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(StateError::Io {
                what: "read",
                path,
                cause,
            }),
        }
    }

    /// Writes a file: whole, on disk, for this account alone.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        let path = self.file(name);
        let fresh = self.file(&format!("{name}.new"));
        let attempt = || -> io::Result<()> {
            match fs::remove_file(&fresh) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut options = OpenOptions::new();
            options.create_new(true).write(true);
            private_mode(&mut options);
            let mut file = options.open(&fresh)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&fresh, &path)?;
            sync_dir(&self.root)
        };
        attempt().map_err(|cause| StateError::Io {
            what: "write",
            path: path.clone(),
            cause,
        })
    }
}

#[cfg(unix)]
fn make_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(unix)]
fn private_mode(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), StateError> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).map_err(|cause| StateError::Io {
        what: "examine",
        path: path.to_owned(),
        cause,
    })?;
    let ours = found.uid() == rustix::process::geteuid().as_raw() || found.uid() == 0;
    if found.mode() & 0o077 != 0 || !ours {
        return Err(StateError::Exposed { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(unix)]
fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// ProgramData gives every user of the machine read access by default, so the inherited rights are replaced: the system, the
/// administrators and the owner.
#[cfg(windows)]
fn make_private_dir(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    let rights = [
        "/inheritance:r",
        "/grant:r",
        "*S-1-5-18:(OI)(CI)F",
        "*S-1-5-32-544:(OI)(CI)F",
        "*S-1-3-4:(OI)(CI)F",
    ];
    let done = std::process::Command::new("icacls.exe").arg(path).args(rights).output()?;
    if done.status.success() {
        Ok(())
    } else {
        Err(io::Error::other("icacls could not restrict the directory"))
    }
}

#[cfg(windows)]
fn private_mode(_options: &mut OpenOptions) {}

#[cfg(windows)]
fn check_private(_path: &Path) -> Result<(), StateError> {
    Ok(())
}

#[cfg(windows)]
fn sync_dir(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn files_are_private_and_written_whole() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path().join("a/b")).unwrap();
        state.write("x", b"one").unwrap();
        state.write("x", b"two").unwrap();
        assert_eq!(state.read("x").unwrap().unwrap(), b"two");
        assert_eq!(fs::metadata(state.file("x")).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(state.path()).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(state.read("absent").unwrap().is_none());
        fs::set_permissions(state.file("x"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(state.read("x"), Err(StateError::Exposed { .. })));
    }

    #[test]
    fn one_runtime_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::open(dir.path().join("s")).unwrap();
        let held = state.lock().unwrap();
        assert!(matches!(state.lock(), Err(StateError::InUse { .. })));
        drop(held);
        state.lock().unwrap();
    }
}
