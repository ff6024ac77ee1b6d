//! What leaves as a file: complete, in order, with its digest.

use sha2::{Digest as _, Sha256};
use veto_core::Code;
use veto_proto::records::v1::{ExportFormat, ExportRecordsRequest, RecordFilter};

use crate::harness::{Client, Node, World, code};

struct Exported {
    text: String,
    records: u64,
    pieces: usize,
}

async fn export(client: &Client, format: ExportFormat, filter: RecordFilter) -> Exported {
    let request = ExportRecordsRequest {
        filter: Some(filter),
        format: format.into(),
    };
    let mut stream = client
        .0
        .clone()
        .export_records(request)
        .await
        .unwrap()
        .into_inner();
    let (mut bytes, mut pieces, mut last) = (Vec::new(), 0, None);
    while let Some(piece) = stream.message().await.unwrap() {
        assert!(piece.data.len() <= 64 * 1024);
        assert!(last.is_none(), "something came after the digest");
        bytes.extend_from_slice(&piece.data);
        pieces += 1;
        if !piece.digest.is_empty() {
            last = Some((piece.records, piece.digest));
        }
    }
    let (records, digest) = last.expect("no digest");
    assert_eq!(digest, Sha256::digest(&bytes).to_vec());
    Exported {
        text: String::from_utf8(bytes).unwrap(),
        records,
        pieces,
    }
}

async fn filled(count: u64) -> World {
    let world = World::new().await;
    let mut node = Node::boot("node-1", 1);
    for _ in 0..count {
        node.decide("acme").decide("globex");
    }
    world.system_node().await.append(&node, 0).await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_every_record_of_the_tenant_once_oldest_first() {
    let world = filled(700).await;
    let admin = world.admin("acme").await;
    let json = export(&admin, ExportFormat::Jsonl, RecordFilter::default()).await;
    assert_eq!((json.records, json.text.lines().count()), (700, 700));
    assert!(json.pieces > 4, "{} pieces", json.pieces);
    for (index, line) in json.text.lines().enumerate() {
        assert!(
            line.contains(&format!("\"sequence\":{},", 2 * index + 1)),
            "{line}"
        );
        assert!(line.contains("\"organization\":\"acme\"") && !line.contains("globex"));
    }
    let csv = export(&admin, ExportFormat::Csv, RecordFilter::default()).await;
    assert_eq!((csv.records, csv.text.lines().count()), (700, 701));
    assert!(
        csv.text
            .starts_with("time,organization,project,environment,agent,")
    );
    assert!(!csv.text.contains("globex"));

    let again = export(&admin, ExportFormat::Csv, RecordFilter::default()).await;
    assert_eq!(again.text, csv.text, "an export can be repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_narrows_an_export_down_to_nothing() {
    let world = filled(3).await;
    let admin = world.admin("acme").await;
    let none = RecordFilter {
        agent: "nobody".into(),
        ..RecordFilter::default()
    };
    let json = export(&admin, ExportFormat::Jsonl, none.clone()).await;
    assert_eq!((json.records, json.text.as_str()), (0, ""));
    let csv = export(&admin, ExportFormat::Csv, none).await;
    assert_eq!((csv.records, csv.text.lines().count()), (0, 1));
    let from = RecordFilter {
        from: crate::harness::NOON.0 + 3,
        ..RecordFilter::default()
    };
    assert_eq!(export(&admin, ExportFormat::Jsonl, from).await.records, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cell_of_a_csv_is_run_by_a_spreadsheet_or_breaks_its_line() {
    let world = World::new().await;
    let mut node = Node::boot("node-1", 1);
    node.decide_with("acme", |d| {
        d.reason_message = "=HYPERLINK(\"http://evil\",\"x\")".into();
        d.session_id = "+1".into();
        d.request_id = "@SUM(A1)".into();
        d.user = "two\r\nlines, \"quoted\"".into();
    });
    world.system_node().await.append(&node, 0).await.unwrap();
    let admin = world.admin("acme").await;
    let csv = export(&admin, ExportFormat::Csv, RecordFilter::default())
        .await
        .text;
    assert!(
        csv.contains(",\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\","),
        "{csv}"
    );
    assert!(
        csv.contains(",'+1,") && csv.contains(",'@SUM(A1),"),
        "{csv}"
    );
    assert!(csv.contains(",\"two\r\nlines, \"\"quoted\"\"\","), "{csv}");

    let json = export(&admin, ExportFormat::Jsonl, RecordFilter::default())
        .await
        .text;
    assert_eq!(json.lines().count(), 1);
    assert!(
        json.contains(r#""user":"two\r\nlines, \"quoted\"""#),
        "{json}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_format_is_refused() {
    let world = filled(1).await;
    let request = ExportRecordsRequest {
        filter: None,
        format: 99,
    };
    let result = world.admin("acme").await.0.export_records(request).await;
    assert_eq!(code(result.map(|_| ())), Code::InvalidRequest);
}
