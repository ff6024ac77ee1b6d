use std::sync::atomic::Ordering;

use super::ledger::{Ledger, Tokens};
use super::*;
use crate::record::ship::Shipper;

const PATIENCE: Duration = Duration::from_secs(20);

async fn shipper(ledger: &Arc<Ledger>, handle: &Handle) -> Shipper {
    let address = format!("http://{}", ledger.serve().await);
    let tokens = Arc::new(Tokens::default());
    Shipper::start(&address, handle, tokens, Arc::new(OsEntropy)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn records_reach_a_ledger_that_fails_now_and_then_once_and_in_order() {
    let dir = TempDir::new().unwrap();
    let spool = open_with(&small(dir.path())).unwrap();
    let first = spool.handle().boot();
    append(&spool.handle(), 40).await;
    crash(spool).await;
    let spool = open_with(&small(dir.path())).unwrap();
    let handle = spool.handle();
    let ledger = Arc::new(Ledger::default());
    ledger.failing.store(5, Ordering::SeqCst);
    let shipper = shipper(&ledger, &handle).await;
    append(&handle, 40).await;
    spool.stop("done").await.unwrap();
    assert!(shipper.stop(PATIENCE).await);
    assert_eq!(ledger.sequences(first), (0..=40).collect::<Vec<_>>());
    assert_eq!(
        ledger.sequences(handle.boot()),
        (0..=41).collect::<Vec<_>>()
    );
    let tokens = ledger.tokens.lock().unwrap();
    assert_eq!(tokens[0], "Bearer token-0");
    assert_ne!(tokens[0], tokens[1], "a token is asked for at each call");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_acknowledged_and_no_longer_written_is_deleted() {
    let dir = TempDir::new().unwrap();
    let spool = open_with(&small(dir.path())).unwrap();
    let handle = spool.handle();
    append(&handle, 40).await;
    let before = segments(dir.path()).len();
    let ledger = Arc::new(Ledger::default());
    let shipper = shipper(&ledger, &handle).await;
    let mut through = shipper.through();
    through
        .wait_for(|through| *through == handle.committed())
        .await
        .unwrap();
    while segments(dir.path()).len() > 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(before > 5);
    let (segment, path) = segments(dir.path()).remove(0);
    assert!(segment.first > 0);
    assert_eq!(handle.used(), fs::metadata(path).unwrap().len());
    assert!(shipper.stop(PATIENCE).await);
    let (boot, end) = (handle.boot(), handle.committed().next - 1);
    drop(handle);
    crash(spool).await;

    // The next boot still knows the end of this one.
    let spool = open_with(&small(dir.path())).unwrap();
    let all = records(&spool.handle());
    let Some((
        _,
        Record {
            body: Body::Boot(begun),
            ..
        },
    )) = all.last()
    else {
        panic!("no boot record");
    };
    let (previous, sequence, _) = begun.previous.unwrap();
    assert_eq!((previous, sequence), (boot, end));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_asks_for_earlier_records_gets_them() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    let handle = spool.handle();
    append(&handle, 5).await;
    let ledger = Arc::new(Ledger::default());
    let first = shipper(&ledger, &handle).await;
    assert!(first.stop(PATIENCE).await);
    // Restored from a backup: it has less than it acknowledged.
    ledger
        .boots
        .lock()
        .unwrap()
        .values_mut()
        .for_each(|frames| frames.truncate(2));
    append(&handle, 1).await;
    let cursor = r#"{"order":1,"next":6}"#;
    fs::write(dir.path().join("ledger.cursor"), cursor).unwrap();
    let second = shipper(&ledger, &handle).await;
    assert!(second.stop(PATIENCE).await);
    assert_eq!(ledger.sequences(handle.boot()), (0..=6).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_boot_that_the_ledger_cannot_continue_is_declared_and_kept_aside() {
    let dir = TempDir::new().unwrap();
    let spool = open_with(&small(dir.path())).unwrap();
    append(&spool.handle(), 40).await;
    let lost = crash(spool).await;
    // The first segment is gone, and no ledger has it.
    fs::remove_file(&segments(dir.path())[0].1).unwrap();
    let kept = segments(dir.path()).len();
    let spool = open_with(&small(dir.path())).unwrap();
    let handle = spool.handle();
    let ledger = Arc::new(Ledger::default());
    let shipper = shipper(&ledger, &handle).await;
    while ledger.sequences(handle.boot()).len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let boots = ledger.boots.lock().unwrap().clone();
    let gap = decode(&boots[handle.boot().0.as_slice()][1].payload).unwrap();
    let Body::Gap(gap) = gap.body else {
        panic!("{gap:?}")
    };
    assert_eq!((gap.boot, gap.first_sequence), (lost, 0));
    let aside = fs::read_dir(dir.path()).unwrap().flatten();
    let aside = aside.filter(|f| f.file_name().to_string_lossy().ends_with(".refused"));
    assert_eq!(aside.count(), kept);
    assert!(shipper.stop(PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_an_earlier_boot_is_declared_by_the_shipper() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    append(&spool.handle(), 5).await;
    let lost = crash(spool).await;
    let spool = open(dir.path());
    let handle = spool.handle();
    let all = entries(&handle, START);
    let good: usize = all.iter().take(3).map(|(_, entry)| entry.bytes.len()).sum();
    let (_, path) = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[good + 70] ^= 1;
    fs::write(&path, bytes).unwrap();
    let ledger = Arc::new(Ledger::default());
    let shipper = shipper(&ledger, &handle).await;
    while ledger.sequences(handle.boot()).len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ledger.sequences(lost), [0, 1, 2]);
    let gaps = records(&handle)
        .into_iter()
        .filter_map(|(_, record)| match record.body {
            Body::Gap(gap) => Some((gap.boot, gap.first_sequence)),
            Body::Boot(_) | Body::Decision(_) | Body::Close(_) => None,
        });
    assert_eq!(gaps.collect::<Vec<_>>(), [(lost, 3)]);
    assert!(path.with_extension("seg.corrupt").exists());
    assert!(shipper.stop(PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_the_running_boot_fails_the_spool() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    let handle = spool.handle();
    append(&handle, 5).await;
    let (_, path) = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let shipper = shipper(&Arc::new(Ledger::default()), &handle).await;
    handle.failed().wait_for(Option::is_some).await.unwrap();
    assert!(matches!(
        handle.append(&decision(0)).await,
        Err(Error::Failed(_))
    ));
    assert!(!shipper.stop(Duration::ZERO).await);
}
