use proptest::prelude::*;

use super::*;

fn frame(sequence: u64, previous: [u8; 32]) -> Frame {
    Frame {
        node: NodeId::new("node-1").unwrap(),
        boot: BootId([7; 16]),
        sequence,
        previous,
        payload: format!("payload {sequence}").into_bytes(),
    }
}

fn chain() -> Chain {
    Chain::new(NodeId::new("node-1").unwrap(), BootId([7; 16]), None)
}

/// The bytes of the first format: they must decode for ever. Add formats, never edit this.
#[test]
fn the_first_format_is_frozen() {
    let (bytes, hash) = frame(1, [1; 32]).encode().unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(hex(&bytes), include_str!("frozen_frame_v1.hex").trim());
    assert_eq!(hex(&hash), include_str!("frozen_hash_v1.hex").trim());
    assert_eq!(
        Frame::decode(&bytes).unwrap(),
        (frame(1, [1; 32]), hash, bytes.len())
    );
}

#[test]
fn every_cut_is_noticed_as_a_cut() {
    let (bytes, _) = frame(0, GENESIS).encode().unwrap();
    for end in 0..bytes.len() {
        assert_eq!(
            Frame::decode(&bytes[..end]),
            Err(Error::Truncated),
            "at {end}"
        );
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    let (bytes, _) = frame(0, GENESIS).encode().unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(Frame::decode(&changed).is_err(), "bit {bit}");
    }
}

#[test]
fn a_frame_above_the_limit_is_refused() {
    let large = Frame {
        payload: vec![0; MAX_FRAME],
        ..frame(0, GENESIS)
    };
    assert!(matches!(large.encode(), Err(Error::TooLarge { .. })));
    let mut zeros = vec![0; 100];
    assert!(
        matches!(Frame::decode(&zeros), Err(Error::Corrupt(_))),
        "a pre-written segment"
    );
    zeros[3] = 0xff;
    assert!(matches!(Frame::decode(&zeros), Err(Error::Corrupt(_))));
}

#[test]
fn a_chain_accepts_its_frames_in_order_alone() {
    let mut chain = chain();
    let first = frame(0, GENESIS);
    let (_, first_hash) = first.encode().unwrap();
    let second = frame(1, first_hash);
    let (_, second_hash) = second.encode().unwrap();

    assert!(chain.accept(&second, second_hash).is_err(), "a gap");
    chain.accept(&first, first_hash).unwrap();
    assert!(chain.accept(&first, first_hash).is_err(), "a repetition");
    let rewritten = frame(1, [9; 32]);
    assert!(
        chain
            .accept(&rewritten, rewritten.encode().unwrap().1)
            .is_err(),
        "a fork"
    );
    let mut foreign = frame(1, first_hash);
    foreign.boot = BootId([8; 16]);
    assert!(
        chain.accept(&foreign, foreign.encode().unwrap().1).is_err(),
        "another boot"
    );
    chain.accept(&second, second_hash).unwrap();
    assert_eq!(
        (chain.expected(), chain.end().unwrap().hash),
        (2, second_hash)
    );
}

proptest! {
    #[test]
    fn a_frame_reads_back(sequence: u64, previous: [u8; 32], payload in proptest::collection::vec(any::<u8>(), 0..300)) {
        let frame = Frame { payload, ..frame(sequence, previous) };
        let (mut bytes, hash) = frame.encode().unwrap();
        let size = bytes.len();
        bytes.extend(b"what follows");
        prop_assert_eq!(Frame::decode(&bytes).unwrap(), (frame, hash, size));
    }

    #[test]
    fn any_bytes_decode_or_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Frame::decode(&bytes);
    }
}
