//! Consent on a person's side: what is asked of them, what they answer, and who speaks for a client.
//!
//! `check` holds a request against what it is about before anybody sees it; `words` says it in sentences; `intake` takes requests
//! into the cache and says what is to be done about them; `answer` signs; `floor` knows the least that contacts let answers be. Follows docs/formats/consent.md. Leaves out: talking to the
//! control plane (`crate::sync`), and windows and notifications.

pub(crate) mod answer;
pub mod check;
pub(crate) mod floor;
pub(crate) mod intake;
pub mod words;
