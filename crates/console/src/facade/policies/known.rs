//! What decides, as this console last heard it: policies, what they know of endpoints, and what clients' contacts said. Kept in the cache, so
//! that it can be read and tried with the network unplugged.

use super::super::{Console, Inner};
use crate::cache::{approvals, log, schema};
use crate::error::ConsoleError;
use crate::sync::engine::Engine;
use caisey_client::error::ApiError;
use caisey_ledger::consent::{SignedContactStatement, Trust};
use caisey_ledger::id::{ClientId, EndpointId};
use caisey_protocol::consent::{EndpointTraits, PolicyView};
use caisey_protocol::error::ErrorCode;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Where it stands in the cache.
const KEY: &str = "policies";
/// Questions to the control plane at a time.
const AT_ONCE: usize = 8;

/// See the module's text.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Known {
    /// When the policies were heard.
    pub(super) at_ms: u64,
    /// All versions, by name, the newest of each last.
    pub(super) policies: Vec<PolicyView>,
    /// By endpoint, of those that were asked for.
    #[serde(default)]
    pub(super) traits: BTreeMap<EndpointId, EndpointTraits>,
    /// Whether it was heard just now.
    #[serde(skip)]
    pub(super) fresh: bool,
}

impl Known {
    /// When it was heard, unless that was just now.
    pub(super) fn as_of_ms(&self) -> Option<u64> {
        (!self.fresh).then_some(self.at_ms)
    }
}

/// What a client's contacts said.
pub(super) struct Said {
    pub(super) statements: Vec<SignedContactStatement>,
    /// Or why it does not hold.
    pub(super) trust: Result<Trust, String>,
}

impl Console {
    /// Asks the control plane, and falls back on what is kept when it cannot be reached.
    pub(super) async fn known(&self) -> Result<Known, ConsoleError> {
        let kept = self.last_heard().await?;
        let asked = match self.inner.engine() {
            Ok(engine) => engine.api.policies().await.map_err(ConsoleError::from),
            Err(error) => Err(error),
        };
        match (asked, kept) {
            (Ok(policies), kept) => {
                let known = Known {
                    at_ms: self.inner.ports.clock.now_ms(),
                    policies,
                    traits: kept.unwrap_or_default().traits,
                    fresh: true,
                };
                self.keep(&known).await?;
                Ok(known)
            }
            (Err(ConsoleError::Offline { .. }), Some(kept)) => Ok(kept),
            (Err(error), _) => Err(error),
        }
    }

    /// Adds what policies know of these endpoints. What cannot be asked now stays as it was last heard.
    pub(super) async fn with_traits(&self, mut known: Known, endpoints: BTreeSet<EndpointId>) -> Result<Known, ConsoleError> {
        let (true, Ok(engine)) = (known.fresh, self.inner.engine()) else {
            return Ok(known);
        };
        let ask = move |endpoint: EndpointId| {
            let engine = Arc::clone(&engine);
            async move {
                let traits = match engine.api.endpoint_traits(&endpoint).await {
                    // Removed since: nobody says anything of it any more.
                    Err(ApiError::Refused { body, .. }) if body.code == ErrorCode::NotFound => EndpointTraits::default(),
                    told => told?,
                };
                Ok((endpoint, traits))
            }
        };
        match each(endpoints, ask).await {
            Ok(heard) => known.traits.extend(heard),
            Err(ConsoleError::Offline { .. }) => known.fresh = false,
            Err(error) => return Err(error),
        }
        self.keep(&known).await?;
        Ok(known)
    }

    /// What the contacts of these clients said: heard now, or as kept when that is not possible.
    pub(super) async fn said(&self, clients: BTreeSet<ClientId>) -> Result<BTreeMap<ClientId, Said>, ConsoleError> {
        if let Ok(engine) = self.inner.engine() {
            let ask = move |client: ClientId| hear(Arc::clone(&engine), client);
            match each(clients.clone(), ask).await {
                Ok(heard) => return Ok(heard.into_iter().collect()),
                Err(ConsoleError::Offline { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.said_before(clients).await
    }

    /// The same as it was kept.
    pub(super) async fn said_before(&self, clients: BTreeSet<ClientId>) -> Result<BTreeMap<ClientId, Said>, ConsoleError> {
        if clients.is_empty() {
            return Ok(BTreeMap::new());
        }
        let signed_in = self.inner.device().ok().map(|device| device.organisation.clone());
        self.inner
            .read(move |cache| {
                let in_logs =
                    || log::all(cache).map(|logs| logs.iter().find_map(|log| log.origin.split('/').nth(1)?.parse().ok()));
                let organisation = match signed_in {
                    Some(organisation) => Some(organisation),
                    None => in_logs()?,
                };
                let organisation = organisation.ok_or(ConsoleError::SignedOut)?;
                let kept = |client: ClientId| {
                    let statements = approvals::chain(cache, client.as_str())?;
                    let trust = Trust::replay(&organisation, &client, &statements).map_err(|fault| fault.to_string());
                    Ok((client, Said { statements, trust }))
                };
                clients.into_iter().map(kept).collect()
            })
            .await
    }

    pub(super) async fn last_heard(&self) -> Result<Option<Known>, ConsoleError> {
        let text = self.inner.read(|cache| schema::get(cache, KEY)).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn keep(&self, known: &Known) -> Result<(), ConsoleError> {
        let text = serde_json::to_string(known).map_err(|error| ConsoleError::Internal(error.to_string()))?;
        let engine = self.inner.engine()?;
        engine
            .with_cache(move |cache| cache.write(|tx| schema::put(tx, KEY, &text)))
            .await
    }
}

impl Inner {
    /// Clients and endpoints that are in the cache.
    pub(super) async fn places(&self) -> Result<Vec<log::LogRow>, ConsoleError> {
        self.read(log::all).await
    }
}

async fn hear(engine: Arc<Engine>, client: ClientId) -> Result<(ClientId, Said), ConsoleError> {
    let chain = engine.api.contacts(&client).await?;
    let said = Said {
        trust: engine.held(&chain).await?,
        statements: chain.statements,
    };
    Ok((client, said))
}

/// Asks several things, a few at a time; the first failure is the answer.
async fn each<K, V, F>(items: impl IntoIterator<Item = K>, ask: impl Fn(K) -> F) -> Result<Vec<V>, ConsoleError>
where
    V: Send + 'static,
    F: Future<Output = Result<V, ConsoleError>> + Send + 'static,
{
    let (mut waiting, mut asked, mut found) = (items.into_iter(), JoinSet::new(), Vec::new());
    loop {
        while asked.len() < AT_ONCE {
            let Some(next) = waiting.next() else { break };
            asked.spawn(ask(next));
        }
        match asked.join_next().await {
            None => return Ok(found),
            Some(Ok(answer)) => found.push(answer?),
            Some(Err(error)) => return Err(ConsoleError::Internal(error.to_string())),
        }
    }
}
