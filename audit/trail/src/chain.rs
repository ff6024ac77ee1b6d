//! Frames: `length u32 | crc32c u32 | format u8 | node | boot 16 | sequence u64 | previous 32 | payload`,
//! integers little-endian, `node` as length u8 and bytes, `length` counting what follows it. The hash
//! of a frame is SHA-256 over a domain and the frame without length and CRC; the next frame carries
//! it, so a missing, reordered or rewritten frame shows.

use sha2::{Digest as _, Sha256};
use veto_core::{BootId, Code, NodeId};

/// What the first frame of a boot carries as the hash of the one before.
pub const GENESIS: [u8; 32] = [0; 32];
/// The largest frame, in bytes.
pub const MAX_FRAME: usize = 512 * 1024;

const FORMAT: u8 = 1;
const DOMAIN: &[u8] = b"veto/frame/v1\n";
const PREFIX: usize = 8;
/// Format, node length, one letter of node, boot, sequence, previous hash.
const LEAST: usize = PREFIX + 1 + 1 + 1 + 16 + 8 + 32;

/// Why bytes are not the frame that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end before the frame does: a torn tail, or a read that was too short.
    #[error("frame is cut short")]
    Truncated,
    /// The bytes are damaged or never were a frame.
    #[error("frame is corrupt: {0}")]
    Corrupt(&'static str),
    /// The payload is too large to be framed.
    #[error("frame of {size} bytes is above {MAX_FRAME}")]
    TooLarge {
        /// The size it would have.
        size: usize,
    },
    /// The frame does not continue the chain.
    #[error("frame {found} does not continue the chain at {expected}: {problem}")]
    Broken {
        /// The sequence that continues the chain.
        expected: u64,
        /// The sequence that was found.
        found: u64,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Error {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Truncated | Self::Corrupt(_) | Self::TooLarge { .. } => Code::RecordCorrupt,
            Self::Broken { .. } => Code::RecordChainBroken,
        }
    }
}

/// The end of a chain: what the next frame builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The sequence of the last frame.
    pub sequence: u64,
    /// The hash of the last frame.
    pub hash: [u8; 32],
}

/// A frame whose CRC holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The node that wrote it.
    pub node: NodeId,
    /// The run of its process.
    pub boot: BootId,
    /// Its place in the boot, from 0, without gaps.
    pub sequence: u64,
    /// The hash of the frame before it; [`GENESIS`] for the first.
    pub previous: [u8; 32],
    /// The encoded record.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Encodes the frame and gives its hash.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`MAX_FRAME`].
    pub fn encode(&self) -> Result<(Vec<u8>, [u8; 32]), Error> {
        let node = self.node.as_str().as_bytes();
        let size = LEAST - 1 + node.len() + self.payload.len();
        let too_large = || Error::TooLarge { size };
        if size > MAX_FRAME {
            return Err(too_large());
        }
        let length = u32::try_from(size - 4).map_err(|_| too_large())?;
        let mut bytes = Vec::with_capacity(size);
        bytes.extend(length.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.push(FORMAT);
        bytes.push(u8::try_from(node.len()).map_err(|_| too_large())?);
        bytes.extend(node);
        bytes.extend(self.boot.0);
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend(self.previous);
        bytes.extend(&self.payload);
        let crc = crc32c::crc32c(&bytes[PREFIX..]).to_le_bytes();
        bytes[4..PREFIX].copy_from_slice(&crc);
        let hash = hash_of(&bytes[PREFIX..]);
        Ok((bytes, hash))
    }

    /// Decodes the frame at the start of `bytes`; gives it, its hash and its size in bytes.
    ///
    /// # Errors
    /// [`Error::Truncated`] when more bytes are needed, [`Error::Corrupt`] when no bytes can help.
    pub fn decode(bytes: &[u8]) -> Result<(Self, [u8; 32], usize), Error> {
        let mut reader = Reader(bytes);
        let length = u32::from_le_bytes(reader.array()?) as usize;
        if !(LEAST - 4..=MAX_FRAME - 4).contains(&length) {
            return Err(Error::Corrupt("impossible length"));
        }
        let size = length + 4;
        let body = bytes.get(PREFIX..size).ok_or(Error::Truncated)?;
        if u32::from_le_bytes(reader.array()?) != crc32c::crc32c(body) {
            return Err(Error::Corrupt("the CRC does not match"));
        }
        let mut reader = Reader(body);
        let [format, node_length] = reader.array()?;
        if format != FORMAT {
            return Err(Error::Corrupt("unknown format"));
        }
        let node = std::str::from_utf8(reader.take(usize::from(node_length))?)
            .ok()
            .and_then(|name| NodeId::new(name).ok())
            .ok_or(Error::Corrupt("bad node name"))?;
        let frame = Self {
            node,
            boot: BootId(reader.array()?),
            sequence: u64::from_le_bytes(reader.array()?),
            previous: reader.array()?,
            payload: reader.0.to_vec(),
        };
        Ok((frame, hash_of(body), size))
    }
}

fn hash_of(body: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(body)
        .finalize()
        .into()
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Error::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        self.take(N)?.try_into().map_err(|_| Error::Truncated)
    }
}

/// Follows the chain of one boot, from its start or from a known end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    node: NodeId,
    boot: BootId,
    end: Option<Link>,
}

impl Chain {
    /// Follows a boot after `end`; `None` when nothing of it is known yet.
    #[must_use]
    pub const fn new(node: NodeId, boot: BootId, end: Option<Link>) -> Self {
        Self { node, boot, end }
    }

    /// The last frame that was accepted.
    #[must_use]
    pub const fn end(&self) -> Option<Link> {
        self.end
    }

    /// The sequence that continues the chain.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.end.map_or(0, |end| end.sequence.saturating_add(1))
    }

    /// Accepts the next frame, whose hash was computed when it was decoded.
    ///
    /// # Errors
    /// [`Error::Broken`] when it is of another boot, leaves a gap, repeats, or names another
    /// predecessor; the chain stays where it was.
    pub fn accept(&mut self, frame: &Frame, hash: [u8; 32]) -> Result<(), Error> {
        let expected = self.expected();
        let broken = |problem| Error::Broken {
            expected,
            found: frame.sequence,
            problem,
        };
        if frame.node != self.node || frame.boot != self.boot {
            return Err(broken("another node or boot"));
        }
        if frame.sequence != expected {
            return Err(broken("another sequence"));
        }
        if frame.previous != self.end.map_or(GENESIS, |end| end.hash) {
            return Err(broken("another predecessor"));
        }
        self.end = Some(Link {
            sequence: frame.sequence,
            hash,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests;
