//! The real binary, killed with -9 while it takes records.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use veto_core::{Clock as _, SystemClock};
use veto_identity::{Audience, KeyKind};
use veto_wire::status::{code_of, metadata_of};

use crate::harness::{Client, ControlPlane, Grant, Node, Signers, sequences};

/// A ledger as a process; it is killed when the test ends, however it ends.
struct Process {
    child: Child,
    url: String,
}

impl Process {
    fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_veto-ledger"))
            .arg("--config")
            .arg(config)
            .arg("run")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("the process ended").unwrap();
            if let Some((_, after)) = line.split_once("\"address\":\"") {
                break format!("http://{}", after.split_once('"').unwrap().0);
            }
        };
        // Somebody reads on, so that the process never waits for its log.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }

    /// kill -9.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_while_records_come_in_loses_nothing_that_was_acknowledged() {
    let signers = Signers::new(1);
    let control_plane = ControlPlane::start(&signers).await;
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("trust.json"), signers.trust().to_json()).unwrap();
    let config = format!(
        "listen: 127.0.0.1:0\ndata_dir: {}\ntrust_file: {}\ncontrol_planes: ['{}']\n",
        path("data").display(),
        path("trust.json").display(),
        control_plane.url(),
    );
    std::fs::write(path("ledger.yaml"), config).unwrap();
    let token = |kind, organization| {
        let claims = Grant::new(kind, organization).claims(SystemClock.now());
        signers.tokens.mint(Audience::Ledger, claims).unwrap()
    };

    let mut node = Node::boot("node-1", 1);
    let mut acknowledged = 0;
    for round in 0..5 {
        let mut process = Process::start(&path("ledger.yaml"));
        let client = Client::new(&process.url, &token(KeyKind::Node, "system")).await;
        let admin = Client::new(&process.url, &token(KeyKind::Admin, "acme")).await;
        let kept = sequences(&admin.all().await);
        let last = kept.first().copied().unwrap_or_default();
        assert!(
            last >= acknowledged,
            "round {round}: {last} of {acknowledged} are there"
        );
        assert_eq!(
            kept,
            (1..=last).rev().collect::<Vec<_>>(),
            "each once, none missing"
        );

        // The node resumes from where the ledger says, as it does after any refusal.
        let far = node.next() + 1;
        let probe = client
            .append_at(&node, far, vec![frame_at(&node, far)])
            .await
            .unwrap_err();
        assert!(code_of(&probe).is_some(), "{probe:?}");
        let expected: u64 = metadata_of(&probe, "expected_sequence")
            .unwrap()
            .parse()
            .unwrap();
        let mut first = expected;
        let killer = acknowledged + 20;
        loop {
            while node.next() < first + 3 {
                node.decide("acme");
            }
            if acknowledged >= killer {
                // While an append is on its way.
                let (late, from, client) = (node.clone(), first, client.clone());
                let pending = tokio::spawn(async move { client.append(&late, from).await });
                tokio::task::yield_now().await;
                process.kill();
                if let Ok(through) = pending.await.unwrap() {
                    acknowledged = through;
                }
                break;
            }
            acknowledged = client.append(&node, first).await.unwrap();
            first = acknowledged + 1;
        }
    }
    assert!(acknowledged >= 100);
}

/// A frame far ahead of what the node has written.
fn frame_at(node: &Node, sequence: u64) -> Vec<u8> {
    let mut ahead = node.clone();
    while ahead.next() <= sequence {
        ahead.decide("acme");
    }
    ahead.frames[usize::try_from(sequence).unwrap()].clone()
}
