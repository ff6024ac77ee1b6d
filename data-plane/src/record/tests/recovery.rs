use super::*;

/// A boot of a few records that crashed: its directory, its boot, and where each frame ends.
async fn crashed(count: usize, segment_bytes: u64) -> (TempDir, BootId, Vec<usize>) {
    let dir = TempDir::new().unwrap();
    let config = Config {
        segment_bytes,
        ..Config::new(dir.path())
    };
    let spool = open_with(&config).unwrap();
    append(&spool.handle(), count).await;
    let mut end = 0;
    let ends = entries(&spool.handle(), START)
        .into_iter()
        .map(|(_, entry)| {
            end += entry.bytes.len();
            end
        });
    let ends = ends.collect();
    (dir, crash(spool).await, ends)
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn previous(records: &[(u64, Record)]) -> (BootId, u64) {
    let mut boots = records.iter().filter_map(|(_, record)| match &record.body {
        Body::Boot(boot) => boot.previous,
        Body::Decision(_) | Body::Close(_) | Body::Gap(_) => None,
    });
    let (boot, sequence, _) = boots.next_back().unwrap();
    (boot, sequence)
}

fn gaps(records: &[(u64, Record)]) -> Vec<(BootId, u64)> {
    let gaps = records.iter().filter_map(|(_, record)| match &record.body {
        Body::Gap(gap) => Some((gap.boot, gap.first_sequence)),
        Body::Boot(_) | Body::Decision(_) | Body::Close(_) => None,
    });
    gaps.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_torn_at_any_byte_is_cut_off() {
    let (dir, boot, ends) = crashed(3, 1 << 20).await;
    let (_, path) = segments(dir.path()).remove(0);
    let whole = fs::read(&path).unwrap();
    for length in ends[2]..ends[3] {
        let copy = TempDir::new().unwrap();
        let path = copy.path().join(path.file_name().unwrap());
        fs::write(&path, &whole[..length]).unwrap();
        let spool = open(copy.path());
        let all = records(&spool.handle());
        assert_eq!(all.len(), 4, "cut at {length}");
        assert_eq!(previous(&all), (boot, 2));
        assert_eq!(gaps(&all), []);
        assert_eq!(fs::metadata(&path).unwrap().len(), ends[2] as u64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_of_zeros_is_cut_off() {
    let (dir, boot, _) = crashed(3, 1 << 20).await;
    let (segment, _) = segments(dir.path()).remove(0);
    let length = segment.size(dir.path()).unwrap();
    segment.truncate(dir.path(), length + 4096).unwrap();
    let spool = open(dir.path());
    let all = records(&spool.handle());
    assert_eq!((previous(&all), gaps(&all)), ((boot, 3), vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_before_a_valid_frame_is_declared_and_kept_aside() {
    let (dir, boot, ends) = crashed(5, 1 << 20).await;
    let (segment, path) = segments(dir.path()).remove(0);
    for at in [
        ends[2],
        ends[2] + 4,
        ends[2] + 20,
        ends[2] + 100,
        ends[3] - 1,
    ] {
        let copy = TempDir::new().unwrap();
        let copied = segment.path(copy.path());
        fs::copy(&path, &copied).unwrap();
        flip(&copied, at);
        let spool = open(copy.path());
        let all = records(&spool.handle());
        assert_eq!(gaps(&all), [(boot, 3)], "flipped at {at}");
        assert_eq!(previous(&all), (boot, 2));
        assert_eq!(
            all.len(),
            3 + 2,
            "what stands before, the new boot, its gap record"
        );
        let aside = copied.with_extension("seg.corrupt");
        assert_eq!(
            fs::metadata(aside).unwrap().len(),
            fs::metadata(&path).unwrap().len()
        );
        // Declared once.
        crash(spool).await;
        assert_eq!(gaps(&records(&open(copy.path()).handle())).len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_a_segment_before_the_last_is_declared() {
    let (dir, boot, _) = crashed(30, 2000).await;
    let files = segments(dir.path());
    assert!(files.len() > 3);
    flip(&files[1].1, 50);
    let spool = open(dir.path());
    let all = records(&spool.handle());
    assert_eq!(gaps(&all), [(boot, files[1].0.first)]);
    assert_eq!(previous(&all), (boot, files[1].0.first - 1));
    assert_eq!(
        segments(dir.path()).len(),
        2,
        "the first one and the new boot's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_that_left_no_frame_is_passed_over() {
    let (dir, boot, _) = crashed(3, 1 << 20).await;
    let empty = Segment::new(2, BootId([9; 16]), 0);
    drop(empty.create(dir.path()).unwrap());
    let torn = Segment::new(3, BootId([8; 16]), 0);
    fs::write(torn.path(dir.path()), [7; 30]).unwrap();
    let spool = open(dir.path());
    let all = records(&spool.handle());
    assert_eq!((previous(&all), gaps(&all)), ((boot, 3), vec![]));
    assert_eq!(
        all.last().unwrap().0,
        4,
        "places of boots are not given out twice"
    );
    assert_eq!(segments(dir.path()).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_shows_later_stops_a_reader_before_it() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    append(&spool.handle(), 4).await;
    crash(spool).await;
    let spool = open(dir.path());
    let (_, path) = segments(dir.path()).remove(0);
    let handle = spool.handle();
    let first: Vec<_> = entries(&handle, START).into_iter().take(3).collect();
    let good: usize = first.iter().map(|(_, entry)| entry.bytes.len()).sum();
    flip(&path, good + 60);
    let mut reader = handle.reader(START);
    assert_eq!(reader.next(512, 0).unwrap().unwrap().entries.len(), 3);
    for _ in 0..2 {
        let found = reader.next(512, 0);
        assert!(
            matches!(found, Err(Error::Unreadable { sequence: 3, .. })),
            "{found:?}"
        );
    }
    reader.skip_boot();
    assert_eq!(reader.next(512, 0).unwrap().unwrap().start.order, 2);
}
