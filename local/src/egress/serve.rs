//! The port of one sandbox's egress API: on loopback, open as long as the sandbox is there.

use super::{Egress, Policy, handle};
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

/// Dropped, it closes the port and every connection to it.
pub struct Served {
    pub port: u16,
    pub token: String,
    pub egress: Arc<Egress>,
    _accepting: AbortOnDropHandle<()>,
}

impl Served {
    /// Opens a free port.
    pub async fn open(token: String, policy: Policy, intercepts: bool) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let egress = Arc::new(Egress::new(token.clone(), policy, intercepts));
        let accepting = AbortOnDropHandle::new(tokio::spawn(accept(Arc::clone(&egress), listener)));
        Ok(Self { port, token, egress, _accepting: accepting })
    }
}

async fn accept(egress: Arc<Egress>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(Arc::clone(&egress), stream))),
                // Out of descriptors, most likely: it passes.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(egress: Arc<Egress>, stream: TcpStream) {
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let egress = Arc::clone(&egress);
        async move { Ok::<_, Infallible>(handle::handle(&egress, request.map(Body::new)).await) }
    });
    // Go capitalises header names on the wire.
    let connection = http1::Builder::new().title_case_headers(true).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!("egress connection: {error}");
    }
}
