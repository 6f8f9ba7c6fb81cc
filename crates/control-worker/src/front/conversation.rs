//! A request's handler as a coroutine without I/O: it says what it needs, JavaScript brings it, it goes on.
//!
//! Promises: one thing at a time, in the order of the handler's text. The future inside never sees a clock, a socket or a thread.

use crate::answer::Answer;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What a handler needs from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// The JSON at this address; not one that was fetched long ago, when `fresh`. An unsuccessful answer is a status without a body.
    Fetch { url: String, fresh: bool },
    /// Whether the key (a JSON Web Key) made the signature. Answered with status 200 or 422.
    Verify {
        algorithm: &'static str,
        key: String,
        signed: Vec<u8>,
        signature: Vec<u8>,
    },
    /// An object's answer to a letter.
    Ask { object: Object, name: String, letter: Vec<u8> },
}

/// Which kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    Organisation,
    Endpoint,
}

#[derive(Default)]
struct Table {
    need: Option<Need>,
    brought: Option<Answer>,
}

/// The handler's side.
#[derive(Clone, Default)]
pub(crate) struct Outside(Rc<RefCell<Table>>);

impl Outside {
    /// Asks for something and waits until it is there.
    pub(crate) fn bring(&self, need: Need) -> Bring {
        self.0.borrow_mut().need = Some(need);
        Bring(Rc::clone(&self.0))
    }
}

/// Something on its way.
pub(crate) struct Bring(Rc<RefCell<Table>>);

impl Future for Bring {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
        match self.0.borrow_mut().brought.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        }
    }
}

/// A handler on its way, from outside.
pub(crate) struct Conversation<T> {
    handler: Pin<Box<dyn Future<Output = T>>>,
    table: Rc<RefCell<Table>>,
}

/// Where it stands.
#[derive(Debug)]
pub(crate) enum Stand<T> {
    Needs(Need),
    Done(T),
}

impl<T> Conversation<T> {
    pub(crate) fn new<F: Future<Output = T> + 'static>(begin: impl FnOnce(Outside) -> F) -> Self {
        let outside = Outside::default();
        let table = Rc::clone(&outside.0);
        Self {
            handler: Box::pin(begin(outside)),
            table,
        }
    }

    /// Goes on until the handler needs something, or is done. None when it waits for nothing, which no handler does.
    pub(crate) fn go_on(&mut self, brought: Option<Answer>) -> Option<Stand<T>> {
        self.table.borrow_mut().brought = brought;
        match self.handler.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(Stand::Done(done)),
            Poll::Pending => self.table.borrow_mut().need.take().map(Stand::Needs),
        }
    }
}
