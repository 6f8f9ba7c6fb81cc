//! The encrypted cache: one SQLCipher database per organisation and person.
//!
//! Promises: what is in it was encrypted with a random 32-byte key from the key store; one console writes, others may read; a file that
//! is damaged, or that the key does not open, is set aside under a new name and never overwritten, because the control plane holds
//! everything that was in it, and what it held as a witness stays available to whoever has the old key. Leaves out verification, which
//! happens before anything is written here ([`crate::sync`]).

pub mod approvals;
pub mod cosignature;
pub mod entry;
pub mod history;
pub mod log;
pub mod page;
pub mod proof;
mod readers;
pub mod recorded;
pub mod schema;
pub mod search;
pub mod session;
pub mod strip;
pub mod tally;

use crate::error::ConsoleError;
use crate::facade::Access;
use readers::Readers;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long [`Cache::close`] waits for readers that were interrupted.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// An open cache.
pub struct Cache {
    path: PathBuf,
    key: Zeroizing<[u8; 32]>,
    access: Access,
    /// Closed before the writer, which then moves the write-ahead log into the file.
    readers: Readers,
    writer: Mutex<Option<Connection>>,
    lock: Mutex<Option<File>>,
}

/// A cache that was just opened.
pub struct Opened {
    /// It.
    pub cache: Cache,
    /// Where a file was put that could not be used, and why in a few words.
    pub set_aside: Option<(PathBuf, String)>,
}

impl Cache {
    /// Opens the cache file `name` in `folder`, or makes it. `now_ms` names a file that has to be set aside.
    ///
    /// # Errors
    /// In use, too new, disk. A damaged file is not an error: see [`Opened::set_aside`].
    pub fn open(folder: &Path, name: &str, key: &[u8; 32], access: Access, now_ms: u64) -> Result<Opened, ConsoleError> {
        std::fs::create_dir_all(folder).map_err(ConsoleError::Folder)?;
        let path = folder.join(format!("{name}.db"));
        if access == Access::ReadOnly {
            let cache = Self {
                path,
                key: Zeroizing::new(*key),
                access,
                writer: Mutex::new(None),
                readers: Readers::default(),
                lock: Mutex::default(),
            };
            cache.read(schema::check_compatibility)?;
            return Ok(Opened { cache, set_aside: None });
        }
        let lock = lock(&folder.join(format!("{name}.lock")))?;
        let doubts = folder.join(format!("{name}.doubtful"));
        let (writer, set_aside) = match open_sound(&path, key, doubts.exists()) {
            Ok(writer) => (writer, None),
            Err(ConsoleError::Cache(error)) if is_damage(&error) => {
                let put = set_aside(&path, now_ms)?;
                (open_writer(&path, key)?, Some((put, error.to_string())))
            }
            Err(error) => return Err(error),
        };
        if doubts.exists() {
            std::fs::remove_file(&doubts).map_err(ConsoleError::Folder)?;
        }
        let cache = Self {
            path,
            key: Zeroizing::new(*key),
            access,
            writer: Mutex::new(Some(writer)),
            readers: Readers::default(),
            lock: Mutex::new(Some(lock)),
        };
        Ok(Opened { cache, set_aside })
    }

    /// Reads in one consistent view.
    ///
    /// # Errors
    /// The body's, the database's, or [`ConsoleError::Cancelled`] once the cache is closed.
    pub fn read<T>(&self, body: impl FnOnce(&Connection) -> Result<T, ConsoleError>) -> Result<T, ConsoleError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let (busy, reader) = self.readers.take(|| connect(&self.path, &self.key, flags))?;
        let result = view(&reader, body);
        if self.readers.are_closed() {
            return result.map_err(|_| ConsoleError::Cancelled);
        }
        self.doubt(result.as_ref().err());
        if result.is_ok() {
            busy.keep(reader);
        }
        result
    }

    /// Changes the cache in one transaction; an error undoes everything.
    ///
    /// # Errors
    /// The body's, the database's, [`ConsoleError::ReadOnly`], or [`ConsoleError::Cancelled`] once the cache is closed.
    pub fn write<T>(&self, body: impl FnOnce(&Transaction<'_>) -> Result<T, ConsoleError>) -> Result<T, ConsoleError> {
        let mut writer = held(&self.writer);
        let writer = writer.as_mut().ok_or_else(|| match self.access {
            Access::ReadOnly => ConsoleError::ReadOnly,
            Access::ReadWrite => ConsoleError::Cancelled,
        })?;
        let result = change(writer, body);
        self.doubt(result.as_ref().err());
        result
    }

    /// Closes the file and lets go of its lock, whoever still holds this value: a request to a control plane that does not answer may
    /// hold it for minutes. Work that reads is interrupted, work that writes is waited for; both are refused from here on. Blocks.
    pub fn close(&self) {
        if !self.readers.close(CLOSE_WITHIN) {
            tracing::warn!("something still reads the cache that is being closed");
        }
        drop(held(&self.writer).take());
        drop(held(&self.lock).take());
    }

    /// A file that gave such an error is checked from end to end when it is opened next.
    fn doubt(&self, error: Option<&ConsoleError>) {
        if let Some(ConsoleError::Cache(error)) = error
            && is_doubtful(error)
            && self.access == Access::ReadWrite
        {
            tracing::error!(error = error.to_string(), "the cache gave an error that a damaged file gives");
            // Without the mark the next start meets the same error again; nothing is lost.
            let _ = std::fs::write(self.path.with_extension("doubtful"), b"");
        }
    }

    /// Whether this console may write.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn view<T>(reader: &Connection, body: impl FnOnce(&Connection) -> Result<T, ConsoleError>) -> Result<T, ConsoleError> {
    let tx = reader.unchecked_transaction()?;
    let result = body(&tx);
    tx.finish()?;
    result
}

fn change<T>(writer: &mut Connection, body: impl FnOnce(&Transaction<'_>) -> Result<T, ConsoleError>) -> Result<T, ConsoleError> {
    let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = body(&tx)?;
    tx.commit()?;
    Ok(result)
}

/// Opens for writing; a file in doubt, or one that cannot be read on opening, is checked page by page first.
fn open_sound(path: &Path, key: &[u8; 32], in_doubt: bool) -> Result<Connection, ConsoleError> {
    let opened = open_writer(path, key);
    let check = match &opened {
        Ok(_) => in_doubt,
        Err(ConsoleError::Cache(error)) => is_doubtful(error) && !is_damage(error),
        Err(_) => false,
    };
    if check {
        drop(opened);
        check_pages(path, key)?;
        return open_writer(path, key);
    }
    opened
}

/// Compares every page with its authentication code and the tables with their indexes; fails as damage does.
fn check_pages(path: &Path, key: &[u8; 32]) -> Result<(), ConsoleError> {
    let reader = connect(path, key, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let wrong_pages = reader
        .prepare("PRAGMA cipher_integrity_check")?
        .query_map([], |_| Ok(()))?
        .count();
    let sound = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    if wrong_pages == 0
        && reader
            .query_row("PRAGMA quick_check(1)", [], sound)
            .is_ok_and(|answer| answer == "ok")
    {
        return Ok(());
    }
    let damaged = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    Err(rusqlite::Error::SqliteFailure(damaged, Some(format!("{wrong_pages} pages were altered"))).into())
}

/// Errors that a damaged page gives, and others too: SQLCipher reports a page that fails authentication as an error without a kind.
fn is_doubtful(error: &rusqlite::Error) -> bool {
    is_damage(error)
        || matches!(error, rusqlite::Error::SqliteFailure(failure, _) if failure.extended_code == rusqlite::ffi::SQLITE_ERROR)
}

/// A panic in another call cannot leave a connection in a bad state: its transaction was rolled back when it was dropped.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn lock(path: &Path) -> Result<File, ConsoleError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(ConsoleError::Folder)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ConsoleError::CacheInUse),
        Err(TryLockError::Error(error)) => Err(ConsoleError::Folder(error)),
    }
}

fn open_writer(path: &Path, key: &[u8; 32]) -> Result<Connection, ConsoleError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut writer = connect(path, key, flags)?;
    // A cache may lose its last seconds to a power cut: they come again from the control plane.
    writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;")?;
    schema::migrate(&mut writer)?;
    Ok(writer)
}

/// Opens a connection and shows it the key. The key is 32 random bytes, so no passphrase derivation is needed.
///
/// # Errors
/// The database's; a wrong key shows as `NotADatabase`.
pub(crate) fn connect(path: &Path, key: &[u8; 32], flags: OpenFlags) -> Result<Connection, ConsoleError> {
    let connection = Connection::open_with_flags(path, flags)?;
    // A file that the key does not open must stay as it is: closing it may not move its write-ahead log into it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // A wrong key is an answer here, not news for standard error.
    connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
    connection.execute_batch(&Zeroizing::new(format!(
        "PRAGMA key = \"x'{}'\"",
        Zeroizing::new(hex::encode(key)).as_str()
    )))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; PRAGMA trusted_schema = OFF;")?;
    // The first read is what checks the key.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(connection)
}

/// Whether the file itself is at fault, or the key, rather than the disk or the moment.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

fn set_aside(path: &Path, now_ms: u64) -> Result<PathBuf, ConsoleError> {
    let aside = |of: &Path| {
        let mut name = of.as_os_str().to_owned();
        name.push(format!(".damaged-{now_ms}"));
        PathBuf::from(name)
    };
    let target = aside(path);
    std::fs::rename(path, &target).map_err(ConsoleError::Folder)?;
    for suffix in ["-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        let beside = PathBuf::from(beside);
        if beside.exists() {
            std::fs::rename(&beside, aside(&beside)).map_err(ConsoleError::Folder)?;
        }
    }
    Ok(target)
}
