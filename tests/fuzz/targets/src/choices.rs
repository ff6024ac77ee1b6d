//! Bytes read as choices: the same bytes make the same thing, and any bytes make something.

/// Reads choices off the front; at the end every choice is the first one.
#[derive(Debug)]
pub(crate) struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((first, rest)) => {
                self.rest = rest;
                *first
            }
            None => 0,
        }
    }

    /// A number below `count`; 0 when there is nothing to choose from.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count.max(1)
    }

    /// One in `count`, and not at the end.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    /// One of the options.
    pub(crate) fn of<T: Copy, const N: usize>(&mut self, options: &[T; N]) -> T {
        const { assert!(N > 0, "a choice of something") };
        options[self.below(N)]
    }
}
