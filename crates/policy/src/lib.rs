//! What may be done without asking, whom to ask otherwise, and how an answer comes about.
//!
//! - [`vocabulary`]: what policies can speak of, as a Cedar schema, and the facts of one action.
//! - [`document`]: one version of one policy: text, digest, scope. [`form`] writes such texts for people who will never read Cedar.
//! - [`decide`]: all policies that apply, and what they come to for one action. Forbid always wins.
//! - [`spoken`]: what a client's contacts have signed that no policy loosens.
//! - [`dry_run`]: what another version would have decided.
//! - [`approval`]: one approval request from asking to its end, as a state machine.
//!
//! Pure: time and randomness are arguments. Leaves out: storage, delivery, signatures (caisey-ledger's `consent`), and what a command does
//! (caisey-command).

pub mod approval;
pub mod decide;
pub mod document;
pub mod dry_run;
pub mod form;
pub mod spoken;
pub mod vocabulary;
