use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_names_the_frame_that_is_on_the_disk() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    let handle = spool.handle();
    let receipts = append(&handle, 5).await;
    let found = entries(&handle, START);
    assert_eq!(found.len(), 6, "the boot record and five decisions");
    for (receipt, (_, entry)) in receipts.iter().zip(&found[1..]) {
        assert_eq!(receipt.sequence, entry.frame.sequence);
        assert_eq!(receipt.hash, entry.hash);
        assert_eq!(
            (&receipt.node, receipt.boot),
            (&entry.frame.node, entry.frame.boot)
        );
    }
    let closed = spool.stop("SIGTERM").await.unwrap();
    assert_eq!(closed.sequence, 6);
    assert!(matches!(
        handle.append(&decision(0)).await,
        Err(Error::Stopped)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_appends_leave_no_gap_over_many_segments() {
    let dir = TempDir::new().unwrap();
    let spool = open_with(&small(dir.path())).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..500 {
        let handle = spool.handle();
        tasks.spawn(async move { handle.append(&decision(number)).await.unwrap().sequence });
    }
    let mut sequences = tasks.join_all().await;
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=500).collect::<Vec<u64>>());
    let handle = spool.handle();
    let found: Vec<u64> = entries(&handle, START)
        .iter()
        .map(|(_, e)| e.frame.sequence)
        .collect();
    assert_eq!(found, (0..=500).collect::<Vec<u64>>());
    assert!(segments(dir.path()).len() > 50);
    let from = entries(
        &handle,
        Position {
            order: 1,
            next: 123,
        },
    );
    assert_eq!(from[0].1.frame.sequence, 123);
    assert_eq!(from.len(), 378);
    let size: u64 = segments(dir.path())
        .iter()
        .map(|(_, p)| fs::metadata(p).unwrap().len())
        .sum();
    assert_eq!(handle.used(), size);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_boot_names_the_end_of_the_one_before() {
    let dir = TempDir::new().unwrap();
    let spool = open_with(&small(dir.path())).unwrap();
    let first = spool.handle().boot();
    append(&spool.handle(), 20).await;
    let end = spool.stop("upgrade").await.unwrap();
    let spool = open_with(&small(dir.path())).unwrap();
    let all = records(&spool.handle());
    let Some((
        1,
        Record {
            body: Body::Close(reason),
            ..
        },
    )) = all.get(21)
    else {
        panic!("no close record: {all:?}");
    };
    assert_eq!(reason, "upgrade");
    let Some((
        2,
        Record {
            body: Body::Boot(boot),
            ..
        },
    )) = all.get(22)
    else {
        panic!("no boot record: {all:?}");
    };
    assert_eq!(boot.previous, Some((first, end.sequence, end.hash)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_refuses_decisions_and_still_closes() {
    let dir = TempDir::new().unwrap();
    let config = Config {
        max_bytes: 3000,
        ..Config::new(dir.path())
    };
    let spool = open_with(&config).unwrap();
    let handle = spool.handle();
    let refused = loop {
        if let Err(error) = handle.append(&decision(0)).await {
            break error;
        }
    };
    assert!(
        matches!(refused, Error::Full { max: 3000, .. }),
        "{refused:?}"
    );
    assert_eq!(refused.code(), veto_core::Code::RecordUnavailable);
    assert!(handle.used() <= 3000);
    assert!(handle.failed().borrow().is_none());
    spool.stop("full").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_disk_ends_the_spool_for_good() {
    let dir = TempDir::new().unwrap();
    let data = dir.path().join("spool");
    let spool = open_with(&small(&data)).unwrap();
    let handle = spool.handle();
    append(&handle, 1).await;
    let mut failed = handle.failed();
    fs::rename(&data, dir.path().join("gone")).unwrap();
    // The open segment still takes a few; the next one cannot be created.
    let refused = loop {
        if let Err(error) = handle.append(&decision(0)).await {
            break error;
        }
    };
    assert!(matches!(refused, Error::Failed(_)), "{refused:?}");
    failed.wait_for(Option::is_some).await.unwrap();
    fs::rename(dir.path().join("gone"), &data).unwrap();
    assert!(matches!(
        handle.append(&decision(0)).await,
        Err(Error::Failed(_))
    ));
    assert!(spool.stop("late").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_fits_no_frame_is_refused_alone() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    let mut large = decision(0);
    if let Body::Decision(decision) = &mut large.body {
        decision.arguments_json = "x".repeat(600_000);
    }
    let handle = spool.handle();
    assert!(matches!(
        handle.append(&large).await,
        Err(Error::TooLarge(_))
    ));
    assert_eq!(handle.append(&decision(1)).await.unwrap().sequence, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_spools_do_not_share_a_directory() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    assert!(matches!(
        open_with(&Config::new(dir.path())),
        Err(Error::Locked(_))
    ));
    crash(spool).await;
    open(dir.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_wakes_up_on_what_is_committed() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    let mut reader = spool.handle().reader(START);
    assert!(reader.next(512, 0).unwrap().is_some());
    assert!(reader.next(512, 0).unwrap().is_none());
    let handle = spool.handle();
    let task = tokio::spawn(async move { append(&handle, 1).await });
    tokio::time::timeout(Duration::from_secs(5), reader.wait())
        .await
        .unwrap();
    let batch = reader.next(512, 0).unwrap().unwrap();
    assert_eq!(batch.start, Position { order: 1, next: 1 });
    task.await.unwrap();
}
