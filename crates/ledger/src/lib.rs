//! placeholder
pub mod disclosure;
pub mod entry;
pub mod event;
pub mod id;
pub mod text;
