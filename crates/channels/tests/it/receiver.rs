//! An HTTP server that remembers what it was sent, and answers what the test wants.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{body::to_bytes, extract::Request, response::Response};
use axum_server::tls_rustls::RustlsConfig;
use http::HeaderMap;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn answer(status: u16, body: &Value) -> Response {
    Response::builder().status(status).header("content-type", "application/json").body(body.to_string().into()).unwrap()
}

pub(crate) fn text(status: u16, body: &str) -> Response {
    Response::builder().status(status).body(body.to_owned().into()).unwrap()
}

type Answer = Arc<dyn Fn(&Received) -> Response + Send + Sync>;

impl Receiver {
    pub(crate) async fn start(answer: impl Fn(&Received) -> Response + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, received) = (listener.local_addr().unwrap(), Arc::default());
        let router = router(Arc::new(answer), &received);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, received, task }
    }

    /// With a certificate for this machine that it signed itself, and that certificate in PEM.
    pub(crate) async fn with_tls(answer: impl Fn(&Received) -> Response + Send + Sync + 'static) -> (Self, String) {
        let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let (certificate, key) = (certified.cert.pem(), certified.signing_key.serialize_pem());
        // Another test may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = RustlsConfig::from_pem(certificate.clone().into(), key.into()).await.unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let (address, received) = (listener.local_addr().unwrap(), Arc::default());
        let router = router(Arc::new(answer), &received);
        let task = tokio::spawn(async move {
            let server = axum_server::from_tcp_rustls(listener, config).unwrap();
            server.serve(router.into_make_service()).await.unwrap();
        });
        (Self { address, received, task }, certificate)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was sent so far, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

fn router(answer: Answer, received: &Arc<Mutex<Vec<Received>>>) -> axum::Router {
    let received = received.clone();
    axum::Router::new().fallback(move |request: Request| {
        let (answer, received) = (answer.clone(), received.clone());
        async move {
            let (head, body) = request.into_parts();
            let one = Received {
                method: head.method.to_string(),
                path: head.uri.path_and_query().unwrap().to_string(),
                headers: head.headers,
                body: to_bytes(body, 64 << 20).await.unwrap().to_vec(),
            };
            let response = answer(&one);
            received.lock().unwrap().push(one);
            response
        }
    })
}
