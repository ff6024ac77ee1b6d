use std::collections::BTreeMap;
use std::sync::Mutex;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::*;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use super::ledger::{Ledger, Tokens};
use super::*;
use crate::record::otlp::{Copier, Counts};
use crate::record::ship::Shipper;

#[derive(Default)]
struct Collector {
    requests: Mutex<Vec<ExportLogsServiceRequest>>,
    /// What the next calls answer instead of success, last first.
    answers: Mutex<Vec<Result<i64, Status>>>,
}

#[tonic::async_trait]
impl LogsService for Collector {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let rejected = self.answers.lock().unwrap().pop().unwrap_or(Ok(0))?;
        self.requests.lock().unwrap().push(request.into_inner());
        let partial_success = (rejected > 0).then(|| ExportLogsPartialSuccess {
            rejected_log_records: rejected,
            error_message: "too old".into(),
        });
        Ok(Response::new(ExportLogsServiceResponse { partial_success }))
    }
}

impl Collector {
    async fn serve(self: &Arc<Self>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = LogsServiceServer::from_arc(Arc::clone(self));
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        format!("http://{address}")
    }

    fn logs(&self) -> Vec<LogRecord> {
        let requests = self.requests.lock().unwrap();
        let resources = requests.iter().flat_map(|request| &request.resource_logs);
        let scopes = resources.flat_map(|resource| &resource.scope_logs);
        scopes.flat_map(|scope| scope.log_records.clone()).collect()
    }
}

async fn until(copier: &Copier, done: impl Fn(Counts) -> bool) -> Counts {
    let wait = async {
        while !done(copier.counts()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
    assert!(waited.is_ok(), "{:?}", copier.counts());
    copier.counts()
}

fn attributes(list: &[KeyValue]) -> BTreeMap<&str, Value> {
    let pairs = list
        .iter()
        .map(|a| (a.key.as_str(), a.value.clone().unwrap().value.unwrap()));
    pairs.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_a_log_record_with_its_place_in_the_chain() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    let handle = spool.handle();
    let collector = Arc::new(Collector::default());
    let address = collector.serve().await;
    let copier = Copier::start(&address, &handle, Arc::new(OsEntropy)).unwrap();
    let receipts = append(&handle, 2).await;
    until(&copier, |counts| counts.exported == 2).await;
    let logs = collector.logs();
    let severities: Vec<_> = logs.iter().map(|log| log.severity_number).collect();
    assert_eq!(
        severities,
        [9, 13],
        "an allow and a deny; the boot record is no decision"
    );
    let log = &logs[1];
    assert_eq!(log.time_unix_nano, 2_000_000_000);
    assert_eq!(
        (log.trace_id.as_slice(), log.span_id.as_slice()),
        (&[1; 16][..], &[2; 8][..])
    );
    let text = |text: &str| Value::StringValue(text.into());
    let body = log.body.clone().unwrap().value.unwrap();
    assert_eq!(body, text("argument `amount`: 51 is above 50"));
    let found = attributes(&log.attributes);
    let hash: String = receipts[1]
        .hash
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let boot = handle.boot().to_string();
    for (name, value) in [
        ("gen_ai.tool.name", text("payments.refund")),
        ("gen_ai.agent.id", text("bot")),
        ("gen_ai.conversation.id", text("s")),
        ("veto.outcome", text("deny")),
        ("veto.policy", text("refunds")),
        ("veto.rule", text("small")),
        ("veto.reason.code", text("argument_invalid")),
        ("veto.organization", text("acme")),
        ("veto.project", text("shop")),
        ("veto.environment", text("dev")),
        ("veto.key.id", text("k")),
        ("veto.node", text("node-1")),
        ("veto.boot", text(&boot)),
        ("veto.hash", text(&hash)),
        ("veto.policy_version", Value::IntValue(3)),
        ("veto.revision", Value::IntValue(42)),
        ("veto.sequence", Value::IntValue(2)),
    ] {
        assert_eq!(found.get(name), Some(&value), "{name}");
    }
    let Some(Value::ArrayValue(roles)) = found.get("veto.roles") else {
        panic!("{found:?}")
    };
    let any = |value| AnyValue { value: Some(value) };
    assert_eq!(roles.values, [any(text("clerk")), any(text("support"))]);
    let resource = collector.requests.lock().unwrap()[0].resource_logs[0]
        .resource
        .clone()
        .unwrap();
    let resource = attributes(&resource.attributes);
    assert_eq!(resource["service.name"], text("veto-data-plane"));
    assert_eq!(resource["service.instance.id"], text("node-1"));
    copier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_collector_is_asked_again_and_a_partial_success_is_not() {
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    let handle = spool.handle();
    append(&handle, 4).await;
    let collector = Arc::new(Collector::default());
    let busy = Err(Status::unavailable("busy"));
    collector
        .answers
        .lock()
        .unwrap()
        .extend([Ok(3), busy.clone(), busy]);
    let address = collector.serve().await;
    let copier = Copier::start(&address, &handle, Arc::new(OsEntropy)).unwrap();
    let counts = until(&copier, |counts| counts.rejected > 0).await;
    assert_eq!((counts.exported, counts.rejected), (1, 3));
    // A refusal for good costs its batch and nothing else.
    collector
        .answers
        .lock()
        .unwrap()
        .push(Err(Status::invalid_argument("no")));
    append(&handle, 1).await;
    until(&copier, |counts| counts.rejected == 4).await;
    append(&handle, 1).await;
    until(&copier, |counts| counts.exported == 2).await;
    assert_eq!(collector.requests.lock().unwrap().len(), 2);
    copier.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_holds_up_nothing_once_the_spool_is_half_full() {
    let dir = TempDir::new().unwrap();
    let config = Config {
        max_bytes: 20_000,
        ..small(dir.path())
    };
    let spool = open_with(&config).unwrap();
    let handle = spool.handle();
    let gone = "http://127.0.0.1:1";
    let copier = Copier::start(gone, &handle, Arc::new(OsEntropy)).unwrap();
    let ledger = Arc::new(Ledger::default());
    let address = format!("http://{}", ledger.serve().await);
    let tokens = Arc::new(Tokens::default());
    let shipper = Shipper::start(&address, &handle, tokens, Arc::new(OsEntropy)).unwrap();
    let mut through = shipper.through();
    // Three times what the spool holds.
    while handle.committed().next < 150 {
        handle.append(&decision(0)).await.unwrap();
        let committed = handle.committed();
        through
            .wait_for(|through| *through >= committed)
            .await
            .unwrap();
        while handle.used() > 15_000 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert!(copier.counts().skipped > 50, "{:?}", copier.counts());
    assert!(
        segments(dir.path()).len() > 2,
        "up to half of the spool is kept for the copy"
    );
    copier.stop().await;
    assert!(shipper.stop(Duration::from_secs(20)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_lists_every_attribute_and_every_column() {
    const REFERENCE: &str = include_str!("../../../../docs/reference/records.md");
    let dir = TempDir::new().unwrap();
    let spool = open(dir.path());
    let handle = spool.handle();
    let collector = Arc::new(Collector::default());
    let address = collector.serve().await;
    let copier = Copier::start(&address, &handle, Arc::new(OsEntropy)).unwrap();
    append(&handle, 1).await;
    until(&copier, |counts| counts.exported == 1).await;
    let logs = collector.logs();
    let (copy, export) = REFERENCE.split_once("## Columns of an export").unwrap();
    for attribute in &logs[0].attributes {
        assert!(
            copy.contains(&format!("| `{}` |", attribute.key)),
            "{}",
            attribute.key
        );
    }
    let rows = export.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    assert_eq!(rows, veto_trail::Exported::COLUMNS);
    copier.stop().await;
}
