//! The same between a file and a control plane on Workers, over its operator's routes: a piece in each request, so that no limit of the
//! platform on bodies, time or memory is met. What breaks off is begun anew.

use super::{MoveError, Moved, Reader, Writer, io};
use caisey_control::moving::{Fault, Header, Leaving, Part};
use caisey_ledger::id::OrganisationId;
use caisey_protocol::error::ErrorBody;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Why the other control plane did not do it.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// It was not reached.
    #[error("the control plane at {0} could not be reached")]
    Unreachable(String, #[source] reqwest::Error),
    /// It would not.
    #[error("the control plane refused: {0}")]
    Refused(String),
    /// Its answer is not one.
    #[error("the control plane answered something that is no answer to this")]
    Strange,
    /// No client could be made.
    #[error("no HTTP client could be made")]
    Client(#[source] reqwest::Error),
}

/// A control plane on Workers, with its operator's secret.
pub struct Remote {
    base_url: String,
    secret: String,
    http: reqwest::Client,
}

/// A piece that left.
#[derive(Deserialize)]
struct Piece {
    lines: Vec<String>,
    /// Where it goes on in the object; absent after its last line.
    next: Option<Leaving>,
    /// Which object follows, after the last line of this one.
    then: Option<Part>,
}

#[derive(Deserialize)]
struct State {
    whole: bool,
}

impl Remote {
    /// The secret is the deployment's `OPERATOR_SECRET`.
    ///
    /// # Errors
    /// When there is no TLS.
    pub fn new(base_url: &str, secret: &str) -> Result<Self, RemoteError> {
        crate::plane::install_crypto();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(120))
            .build()
            .map_err(RemoteError::Client)?;
        Ok(Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            secret: secret.trim().to_owned(),
            http,
        })
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, RemoteError> {
        let request = self.http.post(format!("{}/operator/{path}", self.base_url));
        let sent = request.bearer_auth(&self.secret).json(body).send().await;
        let unreachable = |error| RemoteError::Unreachable(self.base_url.clone(), error);
        let answer = sent.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        if status == StatusCode::OK {
            return serde_json::from_str(&text).map_err(|_| RemoteError::Strange);
        }
        let refused = serde_json::from_str::<ErrorBody>(&text).map(|body| body.detail);
        Err(RemoteError::Refused(refused.unwrap_or_else(|_| status.to_string())))
    }

    /// Writes an organisation of that control plane to a new file. From its first piece on an object takes nothing any more there.
    ///
    /// # Errors
    /// See [`MoveError`]; a second try begins anew.
    pub async fn export(&self, organisation: &OrganisationId, file: &Path) -> Result<Moved, MoveError> {
        let header: Header = self.ask("header", &json!({ "organisation": organisation })).await?;
        if header.organisation != *organisation {
            return Err(RemoteError::Strange.into());
        }
        let mut out = Writer::new(file, &header)?;
        let (mut part, mut objects) = (Some(Part::Organisation), 0);
        while let Some(now) = part {
            let mut from: Option<Leaving> = None;
            part = loop {
                let asked = json!({ "header": header, "object": now, "from": from });
                let piece: Piece = self.ask("leave", &asked).await?;
                out.lines(&piece.lines, piece.next.is_none())?;
                match piece.next {
                    Some(next) => from = Some(next),
                    None => break piece.then,
                }
            };
            objects += 1;
            // Objects come in order; one that goes back would go on for ever.
            if part.as_ref().is_some_and(|next| *next <= now) {
                return Err(RemoteError::Strange.into());
            }
        }
        let asked = json!({ "header": header, "objects": crate::local::hex(&out.objects.to_bytes()) });
        let note: String = self.ask("sign", &asked).await?;
        out.finish(&note)?;
        Ok(Moved {
            header,
            objects,
            set_aside: None,
        })
    }

    /// Sends an organisation from a file to that control plane. Nothing of it is served there before all of it is there.
    ///
    /// # Errors
    /// See [`MoveError`].
    pub async fn import(&self, file: &Path) -> Result<Moved, MoveError> {
        let mut reader = Reader::open(file)?;
        let header = reader.header.clone();
        while let Some(part) = reader.next_object()? {
            loop {
                let lines = reader.piece()?;
                let asked = json!({ "header": header, "object": part, "lines": lines });
                let state: State = self.ask("arrive", &asked).await?;
                if state.whole {
                    break;
                }
                if lines.last().is_some_and(|line| line.starts_with("[\"end\",")) {
                    return Err(Fault::Damaged("an object did not end".to_owned()).into());
                }
            }
        }
        let note = reader.note()?;
        let asked = json!({ "header": header, "note": note });
        let _: Value = self.ask("arrived", &asked).await?;
        Ok(Moved {
            header,
            objects: reader.ended,
            set_aside: None,
        })
    }

    /// Lets an organisation that began to leave stay after all.
    ///
    /// # Errors
    /// The control plane's.
    pub async fn stay(&self, organisation: &OrganisationId) -> Result<u64, MoveError> {
        let (mut part, mut objects) = (Some(Part::Organisation), 0);
        while let Some(now) = part {
            let asked = json!({ "organisation": organisation, "object": now });
            let piece: Piece = self.ask("stay", &asked).await?;
            (part, objects) = (piece.then.filter(|next| *next > now), objects + 1);
        }
        Ok(objects)
    }
}

/// Reads the file with the secret; its first line counts.
///
/// # Errors
/// The file's.
pub fn read_secret(path: &Path) -> Result<String, MoveError> {
    let text = std::fs::read_to_string(path).map_err(io(path, "read"))?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
