//! Text and bytes that borrow from the call, or were made and are shared: a copy costs nothing.

use std::ops::{Deref, Range};
use std::rc::Rc;

/// A part of the call, or something made from it.
#[derive(Debug)]
pub(crate) enum Shared<'a, T: ?Sized> {
    Borrowed(&'a T),
    Made(Rc<T>),
}

/// Text of a condition.
pub(crate) type Text<'a> = Shared<'a, str>;
/// Bytes of a condition.
pub(crate) type Bytes<'a> = Shared<'a, [u8]>;

impl<T: ?Sized> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        match self {
            Self::Borrowed(value) => Self::Borrowed(value),
            Self::Made(value) => Self::Made(Rc::clone(value)),
        }
    }
}

impl<T: ?Sized> Deref for Shared<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(value) => value,
            Self::Made(value) => value,
        }
    }
}

impl Text<'_> {
    /// A part of the text, by bytes that are borders of characters; borrowed where the text is.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        match self {
            Self::Borrowed(text) => Self::Borrowed(text.get(range).unwrap_or("")),
            Self::Made(text) => Self::Made(text.get(range).unwrap_or("").into()),
        }
    }
}
