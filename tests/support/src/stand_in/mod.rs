//! A stand-in for the service, on loopback: it speaks the same protocol and answers with what it
//! measured of the sound it received. It does not caption, and says so.
//!
//! Faults are asked for, never random: a script of [`Reply`]s is served in order, and after it
//! every request gets an honest answer.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub use self::reply::{Gate, Reply};
use self::tap::Tap;

mod listen;
mod protocol;
mod reply;
mod tap;

/// The one key that the stand-in knows.
pub const KEY: &str = "stand-in-key";

/// How long a test waits for something that should come at once.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it was received.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: hyper::HeaderMap,
    /// Empty where the reply discarded it.
    pub body: Vec<u8>,
}

impl Request {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the request is JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Listens until it is dropped.
pub struct StandIn {
    address: SocketAddr,
    is_tls: bool,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

type Rule = Box<dyn Fn() -> Reply + Send + Sync>;

struct Shared {
    script: Mutex<VecDeque<Reply>>,
    rule: Rule,
    requests: Mutex<Vec<Request>>,
    arrived: Condvar,
    connections: Mutex<usize>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl StandIn {
    /// Answers every request honestly.
    pub fn start() -> Self {
        Self::scripted([])
    }

    /// Answers the first requests by the script and the others honestly.
    pub fn scripted(script: impl IntoIterator<Item = Reply>) -> Self {
        Self::new(script.into_iter().collect(), Box::new(Reply::honest))
    }

    /// Answers every request honestly and keeps none, to stay up for long.
    pub fn forgetful() -> Self {
        Self::new(VecDeque::new(), Box::new(|| Reply::honest().forgotten()))
    }

    /// Answers every request by the rule, which is asked once for each.
    pub fn ruled(rule: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        Self::new(VecDeque::new(), Box::new(rule))
    }

    /// Answers by the rule, over TLS with a certificate of `tests/data/tls`.
    pub fn certified(certificate: &str, rule: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        let acceptor = Some(acceptor(certificate));
        Self::listen(VecDeque::new(), Box::new(rule), LOOPBACK, acceptor).expect("a free port")
    }

    /// Answers by the rule at another address of this machine, if it has that.
    pub fn at(
        address: IpAddr,
        rule: impl Fn() -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::listen(VecDeque::new(), Box::new(rule), address, None)
    }

    fn new(script: VecDeque<Reply>, rule: Rule) -> Self {
        Self::listen(script, rule, LOOPBACK, None).expect("a free port")
    }

    fn listen(
        script: VecDeque<Reply>,
        rule: Rule,
        address: IpAddr,
        acceptor: Option<TlsAcceptor>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            rule,
            requests: Mutex::default(),
            arrived: Condvar::new(),
            connections: Mutex::default(),
            under_way: AtomicUsize::new(0),
            most_under_way: AtomicUsize::new(0),
        });
        let listener = std::net::TcpListener::bind((address, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let is_tls = acceptor.is_some();
        let (stop, stopped) = oneshot::channel();
        let serving = shared.clone();
        let thread = std::thread::spawn(move || serve(listener, &serving, acceptor, stopped));
        Ok(Self { address, is_tls, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// What to give as base URL.
    pub fn base_url(&self) -> String {
        self.url("v1")
    }

    /// The address of anything else, for downloads by script.
    pub fn url(&self, path: &str) -> String {
        if self.is_tls {
            format!("https://localhost:{}/{path}", self.address.port())
        } else {
            format!("http://{}/{path}", self.address)
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().expect("no panic in between").clone()
    }

    /// The one request there was.
    pub fn request(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "exactly one request");
        requests.remove(0)
    }

    /// Connections so far, those without a request included.
    pub fn connections(&self) -> usize {
        *self.shared.connections.lock().expect("no panic in between")
    }

    /// The most requests that were under way at a time.
    pub fn most_under_way(&self) -> usize {
        self.shared.most_under_way.load(Ordering::Relaxed)
    }

    /// Waits until that many requests have arrived.
    pub fn wait_for(&self, count: usize) {
        let requests = self.shared.requests.lock().expect("no panic in between");
        let (requests, timeout) = self
            .shared
            .arrived
            .wait_timeout_while(requests, PATIENCE, |requests| requests.len() < count)
            .expect("no panic in between");
        drop(requests);
        assert!(!timeout.timed_out(), "{count} requests within {PATIENCE:?}");
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("the stand-in did not panic");
                let left = self.shared.script.lock().expect("no panic").len();
                assert_eq!(left, 0, "replies of the script that nobody asked for");
            }
        }
    }
}

/// Speaks TLS with a certificate of `tests/data/tls`; all but one have the same key.
fn acceptor(certificate: &str) -> TlsAcceptor {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/tls");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("it is in the repository");
    let key = if certificate == "self-signed" { "self-signed.key.der" } else { "key.der" };
    let key = PrivateKeyDer::try_from(read(key)).expect("a key");
    let chain = vec![CertificateDer::from(read(&format!("{certificate}.cert.der")))];
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
    TlsAcceptor::from(Arc::new(config.expect("a certificate with its key")))
}

fn serve(
    listener: std::net::TcpListener,
    shared: &Arc<Shared>,
    acceptor: Option<TlsAcceptor>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let listener = TcpListener::from_std(listener).expect("a listener");
        tokio::select! {
            () = accept(listener, shared, acceptor) => {}
            _ = stopped => {}
        }
    });
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>, acceptor: Option<TlsAcceptor>) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        *shared.connections.lock().expect("no panic in between") += 1;
        let (shared, acceptor) = (shared.clone(), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                None => converse(stream, &shared).await,
                // A client may well refuse the certificate.
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, &shared).await;
                    }
                }
            }
        });
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) {
    let (tap, raw) = Tap::new(stream);
    let service = service_fn(|request| answer(request, shared, &raw));
    // A client that leaves in the middle is part of the game.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(tap), service)
        .await;
}

async fn answer(
    request: hyper::Request<Incoming>,
    shared: &Shared,
    raw: &watch::Sender<Option<Vec<u8>>>,
) -> Result<hyper::Response<reply::Body>, io::Error> {
    let started = Instant::now();
    let reply = shared.script.lock().expect("no panic in between").pop_front();
    let reply = reply.unwrap_or_else(&shared.rule);
    let request = reply.receive(request).await?;
    if !reply.is_forgotten() {
        shared.requests.lock().expect("no panic in between").push(request.clone());
        shared.arrived.notify_all();
    }
    let under_way = shared.under_way.fetch_add(1, Ordering::Relaxed) + 1;
    shared.most_under_way.fetch_max(under_way, Ordering::Relaxed);
    let response = reply.send(&request, started, raw).await;
    shared.under_way.fetch_sub(1, Ordering::Relaxed);
    response
}
