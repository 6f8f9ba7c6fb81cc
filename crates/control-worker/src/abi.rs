//! The bare WebAssembly boundary: what JavaScript calls, and what it is called for.
//!
//! Promises: one instance is one object, or one request at the front; nothing is shared between instances. A panic aborts the instance and
//! only that: its text is logged, JavaScript sees a trap and lets go of the instance. Bytes that cross are parcels (`parcel`); an answer is a
//! pointer to 4 bytes of length and as many bytes, given back with `free`. Leaves out every decision. This is the one module of this
//! host with `unsafe`: the boundary has pointers in it.
#![allow(unsafe_code)]

use crate::place::Place;
use crate::sql;
use caisey_control::store::{Rows, Store, StoreError, Value};
use std::cell::RefCell;

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Runs a statement; the length of the answer, which the host keeps until it is taken.
    #[link_name = "sql"]
    fn host_sql(question: *const u8, length: usize) -> usize;
    /// Copies that answer.
    #[link_name = "take"]
    fn host_take(answer: *mut u8);
    /// Calls [`tx_body`] within a transaction: 1 when it was committed, 0 when the body wanted it undone, 2 when the commit failed.
    #[link_name = "tx"]
    fn host_tx() -> u32;
    /// Size of the database in bytes.
    #[link_name = "size"]
    fn host_size() -> f64;
    /// A line for operators.
    #[link_name = "log"]
    fn host_log(text: *const u8, length: usize);
}

/// A transaction's body and what came of it.
struct Body {
    run: *mut dyn FnMut() -> Result<(), StoreError>,
    done: Result<(), StoreError>,
}

thread_local! {
    static PLACE: RefCell<Place> = const { RefCell::new(Place::Empty) };
    /// Transactions that are open, the innermost last.
    static BODIES: RefCell<Vec<*mut Body>> = const { RefCell::new(Vec::new()) };
}

/// The Durable Object's own database.
pub struct HostStore;

impl HostStore {
    fn ask(question: &[u8]) -> Result<Rows, StoreError> {
        // SAFETY: the host reads `question` during the call, then writes as many bytes as it said.
        let answer = unsafe {
            let length = host_sql(question.as_ptr(), question.len());
            let mut answer = vec![0_u8; length];
            host_take(answer.as_mut_ptr());
            answer
        };
        sql::answer(&answer)
    }
}

impl Store for HostStore {
    fn exec(&self, statement: &str, params: &[Value]) -> Result<Rows, StoreError> {
        Self::ask(&sql::question(statement, params)?)
    }

    fn script(&self, statements: &str) -> Result<(), StoreError> {
        Self::ask(&sql::script(statements)?).map(drop)
    }

    fn tx(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        // SAFETY: the pointer is used by `tx_body` during `host_tx` only, while `body` is borrowed here.
        let run: *mut dyn FnMut() -> Result<(), StoreError> =
            unsafe { std::mem::transmute::<&mut dyn FnMut() -> Result<(), StoreError>, _>(body) };
        let mut open = Body { run, done: Ok(()) };
        BODIES.with(|bodies| bodies.borrow_mut().push(&raw mut open));
        // SAFETY: no arguments.
        let committed = unsafe { host_tx() };
        BODIES.with(|bodies| bodies.borrow_mut().pop());
        match (open.done, committed) {
            (Ok(()), 1) => Ok(()),
            (Ok(()), _) => Err(StoreError::Io("the transaction could not be committed".into())),
            (done, _) => done,
        }
    }

    fn size_bytes(&self) -> Result<u64, StoreError> {
        // SAFETY: no arguments.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a size
        Ok(unsafe { host_size() } as u64)
    }
}

/// Runs the innermost transaction's body; 1 when it is to be committed.
#[unsafe(no_mangle)]
pub extern "C" fn tx_body() -> u32 {
    let Some(open) = BODIES.with(|bodies| bodies.borrow().last().copied()) else {
        return 0;
    };
    // SAFETY: `open` and `run` live in the frame of `HostStore::tx`, which waits for this call.
    unsafe {
        (*open).done = (*(*open).run)();
        u32::from((*open).done.is_ok())
    }
}

/// Room for bytes that JavaScript brings. Not called as C's function is: the grammars bring that one.
#[unsafe(no_mangle)]
pub extern "C" fn take_room(length: usize) -> *mut u8 {
    Box::into_raw(vec![0_u8; length].into_boxed_slice()).cast()
}

/// Gives room back.
///
/// # Safety
/// `pointer` and `length` are those of [`take_room`], or of an answer with its length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn give_room(pointer: *mut u8, length: usize) {
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, length)) });
}

/// Makes this instance what the configuration says. To be called once, first.
///
/// # Safety
/// `pointer` and `length` are those of [`take_room`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn init(pointer: *mut u8, length: usize) -> *const u8 {
    std::panic::set_hook(Box::new(|panic| log(&panic.to_string())));
    // SAFETY: the caller's promise.
    let bytes = unsafe { brought(pointer, length) };
    let (place, answer) = Place::new(&bytes);
    PLACE.with(|held| *held.borrow_mut() = place);
    handed(&answer)
}

/// Takes a parcel and gives one.
///
/// # Safety
/// `pointer` and `length` are those of [`take_room`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn handle(pointer: *mut u8, length: usize) -> *const u8 {
    // SAFETY: the caller's promise.
    let bytes = unsafe { brought(pointer, length) };
    handed(&PLACE.with(|held| held.borrow_mut().handle(&HostStore, &bytes)))
}

/// Takes over what JavaScript wrote.
///
/// # Safety
/// `pointer` and `length` are those of [`take_room`].
unsafe fn brought(pointer: *mut u8, length: usize) -> Vec<u8> {
    // SAFETY: the caller's promise.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(pointer, length)) }.into_vec()
}

fn handed(bytes: &[u8]) -> *const u8 {
    let mut answer = Vec::with_capacity(bytes.len() + 4);
    answer.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    answer.extend_from_slice(bytes);
    Box::into_raw(answer.into_boxed_slice()).cast()
}

/// Writes a line for operators.
pub fn log(text: &str) {
    // SAFETY: the host reads the text during the call.
    unsafe { host_log(text.as_ptr(), text.len()) }
}
