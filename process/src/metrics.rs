//! What a process counts and measures, for Prometheus: `GET /metrics` in the OpenMetrics text format.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::Routes;
use veto_wire::limits;

const PATH: &str = "/metrics";
/// The OpenMetrics specification, 1.0.
const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A registry that says already which program this is.
#[must_use]
pub fn registry(program: &'static str) -> Registry {
    let mut registry = Registry::default();
    let build: Family<[(&str, &str); 2], Gauge> = Family::default();
    let labels = [("program", program), ("version", env!("CARGO_PKG_VERSION"))];
    build.get_or_create(&labels).set(1);
    registry.register(
        "veto_build_info",
        "1; which program and version runs",
        build,
    );
    registry
}

/// Serves a registry until told to stop; gives the address that it listens on.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(
    listen: SocketAddr,
    registry: Registry,
    mut stopping: watch::Receiver<bool>,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let registry = Arc::new(registry);
    let router = Router::new().route(PATH, get(move || page(Arc::clone(&registry))));
    let server = limits::server(limits::ADMIN_TIMEOUT)
        .accept_http1(true)
        .add_routes(Routes::from(router))
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async move {
            let _ = stopping.wait_for(|stopping| *stopping).await;
        });
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "metrics are served no more");
        }
    });
    Ok(address)
}

async fn page(registry: Arc<Registry>) -> axum::response::Response {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
