//! Inputs from a seed: corpus entries, changed at random with words of a dictionary.

/// Makes inputs; the same seed makes the same ones.
#[derive(Debug)]
pub struct Mutator<'a> {
    state: u64,
    corpus: &'a [Vec<u8>],
    words: &'a [Vec<u8>],
    max_len: usize,
}

impl<'a> Mutator<'a> {
    /// Starts from the seed; inputs are at most `max_len` bytes long.
    #[must_use]
    pub const fn new(
        seed: u64,
        corpus: &'a [Vec<u8>],
        words: &'a [Vec<u8>],
        max_len: usize,
    ) -> Self {
        Self {
            state: seed,
            corpus,
            words,
            max_len,
        }
    }

    /// The next input.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.entry();
        // Mostly one change: what is still well-formed reaches deeper.
        let more = [0, 0, 0, 1, 3][self.below(5)];
        for _ in 0..=more {
            self.change(&mut input);
        }
        input.truncate(self.max_len);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = (at + 1 + self.below(16)).min(input.len());
        match self.below(8) {
            0 => {
                let bit = 1 << self.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= bit;
                }
            }
            1 => {
                let byte = self.random().to_le_bytes()[0];
                input.insert(at, byte);
            }
            2 => drop(input.drain(at.min(end)..end)),
            3 => {
                let copy = input[at.min(end)..end].to_vec();
                let to = self.below(input.len() + 1);
                input.splice(to..to, copy);
            }
            4 => {
                let copy = input[at.min(end)..end].to_vec();
                let times = self.below(64);
                input.splice(at..at, copy.repeat(times));
            }
            // The head of one and the tail of another.
            5 => {
                let other = self.entry();
                let from = self.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => {
                let word = self.below(self.words.len());
                if let Some(word) = self.words.get(word) {
                    let over = if self.below(2) == 0 { at } else { end.max(at) };
                    input.splice(at..over, word.iter().copied());
                }
            }
        }
    }

    fn entry(&mut self) -> Vec<u8> {
        let at = self.below(self.corpus.len());
        self.corpus.get(at).cloned().unwrap_or_default()
    }

    fn below(&mut self, count: usize) -> usize {
        let wide = u128::from(self.random()) * (count as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
    const fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs_within_the_length() {
        let corpus = [b"{\"a\": 1}".to_vec(), b"[]".to_vec()];
        let words = [b"null".to_vec()];
        let inputs = |seed| {
            let mut mutator = Mutator::new(seed, &corpus, &words, 64);
            (0..500).map(|_| mutator.input()).collect::<Vec<_>>()
        };
        assert_eq!(inputs(1), inputs(1));
        assert_ne!(inputs(1), inputs(2));
        assert!(inputs(1).iter().all(|input| input.len() <= 64));
    }
}
