//! Whether all that one glob matches is matched by another.

use super::{Glob, States};

impl Glob {
    /// Tells whether every name that the other glob matches is matched by this one. It says yes only when
    /// that is certain.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if self.0 == other.0 || &*self.0 == "**" {
            return true;
        }
        if let Some(name) = other.exact() {
            return self.matches(name);
        }
        // The other pattern is read as if it were a name: what its star stands for must be taken by a star here
        // that takes as much, whatever it is.
        let (own, mut rest) = (self.0.as_bytes(), other.0.as_bytes());
        let mut alive = States::default();
        alive.add(own, 0);
        while let Some((first, behind)) = rest.split_first() {
            let wide = rest.starts_with(b"**");
            rest = if wide { &rest[2..] } else { behind };
            let mut next = States::default();
            for at in (0..own.len()).filter(|at| alive.has(*at)) {
                let here = own[at];
                let many = own[at..].starts_with(b"**");
                match (first, here) {
                    (b'*', b'*') if many || !wide => next.add(own, at),
                    (b'*', _) => {}
                    (b'.' | b'/', b'*') if !many => {}
                    (_, b'*') => next.add(own, at),
                    (first, here) if *first == here => next.add(own, at + 1),
                    _ => {}
                }
            }
            alive = next;
        }
        alive.has(own.len())
    }

    /// Tells whether some name is matched by both, as far as that is simple to tell: one covers the other.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }

    /// A name that it matches.
    pub(crate) fn sample(&self) -> String {
        self.0.replace('*', "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(a: &str, b: &str) -> bool {
        Glob::parse(a).unwrap().covers(&Glob::parse(b).unwrap())
    }

    #[test]
    fn a_glob_covers_what_is_narrower() {
        for (wide, narrow) in [
            ("**", "a.*"),
            ("a.*", "a.b"),
            ("a.**", "a.*.c"),
            ("a.*", "a.b*"),
            ("**.export", "crm.**.export"),
            ("a*", "a*b"),
            ("*", "*b*"),
            ("a.**", "a.b.**"),
        ] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
            assert!(!covers(narrow, wide), "{narrow} {wide}");
        }
        for (a, b) in [("a.*", "a.**"), ("*", "**"), ("a.*", "*.a"), ("a", "a*")] {
            assert!(!covers(a, b), "{a} {b}");
        }
    }

    #[test]
    fn whatever_is_said_to_be_covered_is_matched() {
        let globs = [
            "a", "a.b", "*", "**", "a.*", "*.a", "a*", "*b", "a**", "**b", "*.*", "**.a", "a.**.b",
        ];
        let letters = ["a", "b", ".", "/"];
        let mut names = vec![String::new()];
        for at in 0..341 {
            let name = names[at].clone();
            names.extend(letters.iter().map(|letter| format!("{name}{letter}")));
        }
        for a in globs.map(|glob| Glob::parse(glob).unwrap()) {
            assert!(a.matches(&a.sample()), "{a:?}");
            for b in globs.map(|glob| Glob::parse(glob).unwrap()) {
                let all = (names.iter()).all(|name| !b.matches(name) || a.matches(name));
                assert!(!a.covers(&b) || all, "{a:?} {b:?}");
            }
        }
    }
}
