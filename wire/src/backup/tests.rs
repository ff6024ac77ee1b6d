use veto_proto::storage::v1::{AppliedState, LogId, SnapshotManifest};

use super::*;

const FILES: [(&str, &[u8]); 3] = [
    ("000011.sst", b"rows"),
    ("CURRENT", b""),
    ("OPTIONS-7", b"o=1"),
];

fn head() -> BackupHead {
    let file = |(name, bytes): (&str, &[u8])| SnapshotFile {
        name: name.into(),
        size: bytes.len() as u64,
        sha256: Sha256::digest(bytes).to_vec(),
    };
    BackupHead {
        cluster: "00112233445566778899aabbccddeeff".into(),
        node: 7,
        time: 1_700_000_000_000_000,
        software_version: "0.1.0".into(),
        snapshot: Some(SnapshotManifest {
            id: "00000000000000000009-3-1".into(),
            applied: Some(AppliedState {
                last_applied: Some(LogId {
                    term: 3,
                    node: 1,
                    index: 9,
                }),
                ..AppliedState::default()
            }),
            files: FILES.map(file).to_vec(),
        }),
    }
}

fn whole() -> Vec<u8> {
    let files = FILES.map(|(_, bytes)| bytes).concat();
    [seal(&head()), files].concat()
}

/// Reads in pieces of this size; gives the files.
fn read(bytes: &[u8], size: usize) -> Result<Vec<Vec<u8>>, Error> {
    let mut reader = Reader::default();
    let mut files = vec![Vec::new(); FILES.len()];
    for bytes in bytes.chunks(size) {
        for piece in reader.take(bytes)? {
            files[piece.file].extend_from_slice(piece.bytes);
        }
    }
    assert_eq!(reader.finish()?, head());
    Ok(files)
}

#[test]
fn every_file_comes_back_whatever_the_pieces() {
    let whole = whole();
    for size in 1..=whole.len() {
        let files = read(&whole, size).unwrap();
        assert!(files.iter().zip(FILES).all(|(read, (_, was))| read == was));
    }
}

#[test]
fn every_cut_is_noticed() {
    let whole = whole();
    for end in 0..whole.len() {
        assert!(read(&whole[..end], 64).is_err(), "{end} bytes");
    }
    let longer = [whole.as_slice(), b"x"].concat();
    assert!(read(&longer, 64).is_err());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let whole = whole();
    for bit in 0..whole.len() * 8 {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(read(&changed, 64).is_err(), "bit {bit}");
    }
}

#[test]
fn a_name_that_leaves_its_directory_is_refused() {
    for name in ["", "..", "../x", "a/b", ".hidden", "/etc/passwd"] {
        let mut head = head();
        let files = head.snapshot.as_mut().map(|s| &mut s.files).unwrap();
        files.truncate(1);
        files[0].name = name.into();
        let refused = Reader::default().take(&seal(&head)).unwrap_err();
        assert!(refused.to_string().contains("impossible"), "{name}");
    }
}

/// The bytes of the first format: they must be read for ever. Add formats, never edit this.
#[test]
fn the_first_format_is_frozen() {
    let hex: String = whole().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, include_str!("frozen_backup_v1.hex").trim());
}
