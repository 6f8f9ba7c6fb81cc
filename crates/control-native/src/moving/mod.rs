//! Moves an organisation out of this data directory into a file, and from a file into one, with the control plane stopped; or to and from a
//! control plane on Workers (`remote`). Format: docs/formats/move.md; when to use it: docs/deploy.md.
//!
//! Promises: the file is written whole or not at all; what left is set aside and served no more, so that no log has two writers; what arrives
//! is served only when all of it is there, holds, and is signed; keys are in no file. Memory is bounded by a piece of a few megabytes.

mod remote;

use crate::clock;
use crate::data_dir::{DataDir, DataDirError, Key, private_dir, sync_dir};
use crate::store::SqliteStore;
use caisey_control::moving::{self, Arrived, Fault, Header, Objects, Part};
use caisey_control::port::{ObjectName, Signer as _};
use caisey_control::store::StoreError;
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::id::{OrganisationId, Seq};
pub use remote::{Remote, RemoteError, read_secret};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter, Lines, Write as _};
use std::iter::Peekable;
use std::path::{Path, PathBuf};

/// Lines that are read or written at once come to about so many bytes.
const PIECE_BYTES: usize = 1 << 20;

/// Why an organisation was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The data directory.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// The file or a folder.
    #[error("{path} cannot be {doing}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A database.
    #[error("a database cannot be used: {0}")]
    Store(#[from] StoreError),
    /// What is being moved.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The other control plane.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Nothing to move.
    #[error("there is no organisation {0} in this data directory, or nothing was ever recorded for it")]
    Unknown(OrganisationId),
    /// There is no key.
    #[error(
        "{0} has no checkpoint key. Bring the key of the control plane that the organisation comes from over first (docs/deploy.md); a new \
         key would not fit its logs"
    )]
    NoKey(PathBuf),
}

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Whose it is, and under which authority it has to be served.
    pub header: Header,
    /// Databases: the organisation's and its endpoints'.
    pub objects: u64,
    /// Where what left was set aside.
    pub set_aside: Option<PathBuf>,
}

fn io(path: &Path, doing: &'static str) -> impl FnOnce(std::io::Error) -> MoveError {
    let path = path.to_owned();
    move |source| MoveError::Io { path, doing, source }
}

/// Writes an organisation to a new file and sets its folder aside.
///
/// # Errors
/// See [`MoveError`]; then nothing was changed but what a second try repeats.
pub fn export(root: &Path, organisation: &OrganisationId, file: &Path) -> Result<Moved, MoveError> {
    let data = DataDir::open(root)?;
    let own = ObjectName::Organisation(organisation.clone());
    if !data.path(&own).is_file() {
        return Err(MoveError::Unknown(organisation.clone()));
    }
    let key = data
        .existing_key("checkpoint")?
        .ok_or_else(|| MoveError::NoKey(root.to_owned()))?;
    let authority = authority(&SqliteStore::open(&data.path(&own))?)?.ok_or_else(|| MoveError::Unknown(organisation.clone()))?;
    let header = moving::header(&authority, organisation, key.public_key(), clock::now());
    let mut parts = vec![Part::Organisation];
    let mut endpoints: Vec<_> = data.endpoints().map_err(io(root, "read"))?;
    endpoints.retain(|name| matches!(name, ObjectName::Endpoint(of, _) if of == organisation));
    parts.extend(endpoints.into_iter().filter_map(|name| match name {
        ObjectName::Endpoint(_, endpoint) => Some(Part::Endpoint(endpoint)),
        ObjectName::Organisation(_) => None,
    }));
    parts.sort();
    let mut out = Writer::new(file, &header)?;
    for part in &parts {
        let store = SqliteStore::open(&data.path(&name(organisation, part)))?;
        let mut from = None;
        loop {
            let (lines, next) = moving::leave(&store, &header, part, from, PIECE_BYTES)?;
            out.lines(&lines, next.is_none())?;
            match next {
                Some(next) => from = Some(next),
                None => break,
            }
        }
    }
    let note = out.objects.sign(&header, &key.public_key(), |message| key.sign(message))?;
    out.finish(&note)?;
    let aside = root.join(format!("moved-{organisation}-{}", clock::now_ms()));
    fs::rename(root.join(organisation.as_str()), &aside).map_err(io(&aside, "made"))?;
    sync_dir(root).map_err(io(root, "written"))?;
    Ok(Moved {
        header,
        objects: parts.len() as u64,
        set_aside: Some(aside),
    })
}

/// Of the organisation's own log: what goes before the first slash of its origin. None when nothing was recorded.
fn authority(store: &SqliteStore) -> Result<Option<String>, MoveError> {
    let Some(page) = caisey_control::organisation::read_page(store, Seq::default(), 1)? else {
        return Ok(None);
    };
    let head = Checkpoint::read(&page.checkpoint).map_err(Fault::from)?;
    Ok(head.origin.split('/').next().map(str::to_owned))
}

fn name(organisation: &OrganisationId, part: &Part) -> ObjectName {
    match part {
        Part::Organisation => ObjectName::Organisation(organisation.clone()),
        Part::Endpoint(endpoint) => ObjectName::Endpoint(organisation.clone(), endpoint.clone()),
    }
}

/// Reads an organisation from a file.
///
/// # Errors
/// See [`MoveError`]; then nothing of it is served.
pub fn import(root: &Path, file: &Path) -> Result<Moved, MoveError> {
    let data = DataDir::open(root)?;
    let key = data
        .existing_key("checkpoint")?
        .ok_or_else(|| MoveError::NoKey(root.to_owned()))?;
    let mut reader = Reader::open(file)?;
    let header = reader.header.clone();
    moving::fits(&header, None, &key.public_key())?;
    let place = root.join(header.organisation.as_str());
    if place.exists() {
        return Err(Fault::Exists(header.organisation.to_string()).into());
    }
    let arriving = root.join(format!("arriving-{}", header.organisation));
    if arriving.exists() {
        // A try that was broken off.
        fs::remove_dir_all(&arriving).map_err(io(&arriving, "cleared"))?;
    }
    private_dir(&arriving).map_err(io(&arriving, "made"))?;
    let objects = arrived(&arriving, &mut reader, &key)?;
    let note = reader.note()?;
    objects.check(&header, &note, &key.public_key())?;
    sync_dir(&arriving).map_err(io(&arriving, "written"))?;
    fs::rename(&arriving, &place).map_err(io(&place, "made"))?;
    sync_dir(root).map_err(io(root, "written"))?;
    Ok(Moved {
        header,
        objects: reader.ended,
        set_aside: None,
    })
}

/// All objects of a file, each in a database of its own.
fn arrived(folder: &Path, reader: &mut Reader, key: &Key) -> Result<Objects, MoveError> {
    let mut objects = Objects::new();
    let mut last: Option<Part> = None;
    while let Some(part) = reader.next_object()? {
        // In order, so that none comes twice and the organisation's is first.
        if last.as_ref().is_some_and(|last| *last >= part) || (last.is_none() && part != Part::Organisation) {
            return Err(Fault::Damaged("its objects are not in order".to_owned()).into());
        }
        let store = SqliteStore::open(&folder.join(match &part {
            Part::Organisation => "organisation.sqlite".to_owned(),
            Part::Endpoint(endpoint) => format!("{endpoint}.sqlite"),
        }))?;
        loop {
            let lines = reader.piece()?;
            match moving::arrive(&store, &reader.header, &part, &key.public_key(), &lines)?? {
                Arrived::Some => {}
                Arrived::Whole(line) => {
                    objects.ended(&line);
                    break;
                }
            }
        }
        moving::settle(&store)?;
        store.flush_log()?;
        last = Some(part);
    }
    Ok(objects)
}

/// A file that is there when it is whole.
struct Writer {
    path: PathBuf,
    beside: PathBuf,
    out: BufWriter<File>,
    objects: Objects,
}

impl Writer {
    fn new(path: &Path, header: &Header) -> Result<Self, MoveError> {
        if path.exists() {
            return Err(Fault::Exists(path.display().to_string()).into());
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(".part");
        let beside = PathBuf::from(beside);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let out = options.open(&beside).map_err(io(&beside, "made"))?;
        let mut writer = Self {
            path: path.to_owned(),
            beside,
            out: BufWriter::new(out),
            objects: Objects::new(),
        };
        writer.line(&header.line())?;
        Ok(writer)
    }

    fn line(&mut self, line: &str) -> Result<(), MoveError> {
        writeln!(self.out, "{line}").map_err(io(&self.beside, "written"))
    }

    /// Lines of an object; `ends` when the last of them ends it.
    fn lines(&mut self, lines: &[String], ends: bool) -> Result<(), MoveError> {
        for line in lines {
            self.line(line)?;
        }
        if let (true, Some(end)) = (ends, lines.last()) {
            self.objects.ended(end);
        }
        Ok(())
    }

    fn finish(mut self, note: &str) -> Result<(), MoveError> {
        let last = serde_json::json!(["moved", note]).to_string();
        self.line(&last)?;
        let written = self.out.into_inner().map_err(std::io::IntoInnerError::into_error);
        let file = written.map_err(io(&self.beside, "written"))?;
        file.sync_all().map_err(io(&self.beside, "written"))?;
        fs::rename(&self.beside, &self.path).map_err(io(&self.path, "made"))?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        sync_dir(folder.unwrap_or(Path::new("."))).map_err(io(&self.path, "written"))
    }
}

/// A file, some lines at a time.
struct Reader {
    path: PathBuf,
    lines: Peekable<Lines<BufReader<File>>>,
    header: Header,
    ended: u64,
}

/// A longer line is no row of ours: 2 MB of blob, in base64, and some more.
const LONGEST_LINE: usize = 8 << 20;

impl Reader {
    fn open(path: &Path) -> Result<Self, MoveError> {
        let file = File::open(path).map_err(io(path, "opened"))?;
        let mut lines = BufReader::new(file).lines().peekable();
        let first = lines.next().transpose().map_err(io(path, "read"))?.unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            lines,
            header: Header::read(&first)?,
            ended: 0,
        })
    }

    fn peek(&mut self) -> Result<&str, MoveError> {
        match self.lines.peek() {
            Some(Ok(line)) if line.len() <= LONGEST_LINE => Ok(line),
            Some(Ok(_)) => Err(Fault::Damaged("a line is too long".to_owned()).into()),
            Some(Err(error)) => Err(io(&self.path, "read")(std::io::Error::from(error.kind()))),
            None => Err(Fault::Damaged("it ends too soon".to_owned()).into()),
        }
    }

    /// The object that begins with the next line; none when the next is the file's last.
    fn next_object(&mut self) -> Result<Option<Part>, MoveError> {
        let line = self.peek()?;
        if let Ok((word, part, _)) = serde_json::from_str::<(String, Part, u64)>(line)
            && word == "object"
        {
            return Ok(Some(part));
        }
        Ok(None)
    }

    /// Lines of one object, to its end at most.
    fn piece(&mut self) -> Result<Vec<String>, MoveError> {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        while bytes < PIECE_BYTES {
            let line = self.peek()?.to_owned();
            let ends = line.starts_with("[\"end\",");
            if line.starts_with("[\"moved\",") {
                return Err(Fault::Damaged("an object has no end".to_owned()).into());
            }
            self.lines.next();
            bytes += line.len();
            lines.push(line);
            if ends {
                self.ended += 1;
                break;
            }
        }
        Ok(lines)
    }

    /// The file's last line: a signed note.
    fn note(&mut self) -> Result<String, MoveError> {
        let (word, note): (String, String) = serde_json::from_str(self.peek()?)
            .map_err(|_| Fault::Damaged("it does not end as a moved organisation".to_owned()))?;
        self.lines.next();
        if word != "moved" || self.lines.peek().is_some() {
            return Err(Fault::Damaged("it does not end as a moved organisation".to_owned()).into());
        }
        Ok(note)
    }
}
