//! Whether what arrived is a whole log: every leaf hashes to what its row says, all of them lead to the root of the last checkpoint, the control
//! plane's key signed that, and it is of the log that it should be.

use super::line::Header;
use super::{Fault, Part, damaged};
use crate::row::{Row, int};
use crate::store::{Store, StoreError};
use caisey_ledger::checkpoint::Checkpoint;
use caisey_ledger::tree::{Frontier, leaf_hash};

const PAGE: u64 = 64;

pub(super) fn whole(store: &dyn Store, header: &Header, part: &Part, key: &[u8; 32]) -> Result<Result<(), Fault>, StoreError> {
    if let Part::Endpoint(endpoint) = part {
        let own = store.exec("SELECT organisation, endpoint FROM identity", &[])?;
        if let Some(mut row) = Row::first(own) {
            let (organisation, named) = (row.text()?, row.text()?);
            if organisation != header.organisation.as_str() || named != endpoint.as_str() {
                return Ok(Err(damaged(format!("{part} is somebody else's"))));
            }
        }
    }
    let mut frontier = Frontier::new();
    loop {
        let from = frontier.size();
        let rows = store.exec(
            "SELECT seq, leaf_hash, leaf FROM entries WHERE seq >= ?1 ORDER BY seq LIMIT CAST(?2 AS INTEGER)",
            &[int(from), int(PAGE)],
        )?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let mut row = Row::from(row);
            let (seq, hash, leaf) = (row.number()?, row.bytes32()?, row.text()?);
            let computed = leaf_hash(leaf.as_bytes());
            if seq != frontier.size() || computed.0 != hash {
                return Ok(Err(damaged(format!("entry {seq} of {part} is not what it was"))));
            }
            frontier.append(computed);
        }
    }
    let last = store.exec("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1", &[])?;
    let Some(mut last) = Row::first(last) else {
        let empty = frontier.size() == 0;
        return Ok(if empty {
            Ok(())
        } else {
            Err(damaged(format!("the log of {part} has no end")))
        });
    };
    let stated = match Checkpoint::open(&last.text()?, &part.origin(header), key) {
        Ok(stated) => stated,
        Err(error) => return Ok(Err(error.into())),
    };
    Ok(if stated.size == frontier.size() && stated.root == frontier.root() {
        Ok(())
    } else {
        Err(damaged(format!("the entries of {part} do not lead to its signed end")))
    })
}
