//! A stand-in for the service, on loopback. It speaks the same protocol and responds with
//! measurements of the audio in place of a caption.
//!
//! It fails only on demand: scripted [`Reply`]s are sent in order, every later request gets the
//! regular response.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::audio::data_path;

use self::raw_socket::{RawSender, RawSocket};
pub use self::reply::{Gate, Reply};
pub use self::request::Request;

mod analysis;
mod protocol;
mod raw_socket;
mod reply;
mod request;

/// The only API key that the stand-in accepts.
pub const KEY: &str = "stand-in-key";

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Maximum time that a test waits for a request.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A running server, which ends when it is dropped.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    is_tls: bool,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

type MakeReply = Box<dyn Fn(&Parts) -> Reply + Send + Sync>;

struct Shared {
    script: Mutex<VecDeque<Reply>>,
    make_reply: MakeReply,
    requests: Mutex<Vec<Request>>,
    arrived: Condvar,
    connections: AtomicUsize,
    concurrent: AtomicUsize,
    max_concurrent: AtomicUsize,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("script", &self.script).finish_non_exhaustive()
    }
}

impl StandIn {
    /// Starts a server with the regular response to every request.
    pub fn start() -> Self {
        Self::scripted([])
    }

    /// Starts a server with these replies to the first requests. Dropping it fails the test if a
    /// reply is left over.
    pub fn scripted(script: impl IntoIterator<Item = Reply>) -> Self {
        Self::new(script.into_iter().collect(), Box::new(|_| Reply::measured()))
    }

    /// Starts a server that keeps no requests, to run for a long time.
    pub fn without_log() -> Self {
        Self::new(VecDeque::new(), Box::new(|_| Reply::measured().unlogged()))
    }

    /// Starts a server that makes a reply for each request.
    pub fn always(make_reply: impl Fn() -> Reply + Send + Sync + 'static) -> Self {
        Self::by_head(move |_| make_reply())
    }

    /// Starts a server that makes a reply for the head of each request.
    pub fn by_head(make_reply: impl Fn(&Parts) -> Reply + Send + Sync + 'static) -> Self {
        Self::new(VecDeque::new(), Box::new(make_reply))
    }

    /// Starts a TLS server with a certificate of `tests/data/tls`.
    pub fn with_tls(
        certificate: &str,
        make_reply: impl Fn() -> Reply + Send + Sync + 'static,
    ) -> Self {
        let acceptor = Some(acceptor(certificate));
        Self::listen(VecDeque::new(), Box::new(move |_| make_reply()), LOOPBACK, acceptor)
            .expect("a free port")
    }

    /// Starts a server on another address.
    ///
    /// # Errors
    ///
    /// If this machine does not have the address.
    pub fn bound_to(
        address: IpAddr,
        make_reply: impl Fn() -> Reply + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::listen(VecDeque::new(), Box::new(move |_| make_reply()), address, None)
    }

    fn new(script: VecDeque<Reply>, make_reply: MakeReply) -> Self {
        Self::listen(script, make_reply, LOOPBACK, None).expect("a free port")
    }

    fn listen(
        script: VecDeque<Reply>,
        make_reply: MakeReply,
        address: IpAddr,
        acceptor: Option<TlsAcceptor>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            make_reply,
            requests: Mutex::default(),
            arrived: Condvar::new(),
            connections: AtomicUsize::new(0),
            concurrent: AtomicUsize::new(0),
            max_concurrent: AtomicUsize::new(0),
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

    /// Returns the value of `--base-url`.
    pub fn base_url(&self) -> String {
        self.url("v1")
    }

    /// Returns the URL of another path, for scripted downloads.
    pub fn url(&self, path: &str) -> String {
        if self.is_tls {
            format!("https://localhost:{}/{path}", self.address.port())
        } else {
            format!("http://{}/{path}", self.address)
        }
    }

    /// Returns the address and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns all requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().expect("no panic in between").clone()
    }

    /// Returns the number of requests for a caption so far.
    pub fn posts(&self) -> usize {
        self.requests().iter().filter(|request| request.method == "POST").count()
    }

    /// Returns the only request so far.
    pub fn request(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1, "exactly one request");
        requests.remove(0)
    }

    /// Returns the number of connections so far, with or without a request.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Returns the largest number of requests at a time.
    pub fn max_concurrent(&self) -> usize {
        self.shared.max_concurrent.load(Ordering::Relaxed)
    }

    /// Waits until that many requests have arrived.
    pub fn wait_for_requests(&self, count: usize) {
        let requests = self.shared.requests.lock().expect("no panic in between");
        let (requests, timeout) = self
            .shared
            .arrived
            .wait_timeout_while(requests, TIMEOUT, |requests| requests.len() < count)
            .expect("no panic in between");
        drop(requests);
        assert!(!timeout.timed_out(), "{count} requests within {TIMEOUT:?}");
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
                assert_eq!(left, 0, "scripted replies without a request");
            }
        }
    }
}

/// Creates a TLS acceptor. All certificates but one share a key.
fn acceptor(certificate: &str) -> TlsAcceptor {
    let read = |name: &str| {
        std::fs::read(data_path("tls").join(name)).expect("the file is in the repository")
    };
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
        shared.connections.fetch_add(1, Ordering::Relaxed);
        let (shared, acceptor) = (shared.clone(), acceptor.clone());
        tokio::spawn(async move {
            match acceptor {
                None => serve_connection(stream, &shared).await,
                // A client may reject the certificate.
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve_connection(stream, &shared).await;
                    }
                }
            }
        });
    }
}

async fn serve_connection(stream: impl AsyncRead + AsyncWrite + Unpin, shared: &Shared) {
    let (socket, raw) = RawSocket::new(stream);
    let service = service_fn(|request| respond(request, shared, &raw));
    // Clients are allowed to disconnect.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

async fn respond(
    request: hyper::Request<Incoming>,
    shared: &Shared,
    raw: &RawSender,
) -> Result<hyper::Response<reply::Body>, io::Error> {
    let started = Instant::now();
    let reply = shared.script.lock().expect("no panic in between").pop_front();
    let (head, body) = request.into_parts();
    let reply = reply.unwrap_or_else(|| (shared.make_reply)(&head));
    let request = reply.receive(hyper::Request::from_parts(head, body)).await?;
    if reply.is_logged() {
        shared.requests.lock().expect("no panic in between").push(request.clone());
        shared.arrived.notify_all();
    }
    let concurrent = shared.concurrent.fetch_add(1, Ordering::Relaxed) + 1;
    shared.max_concurrent.fetch_max(concurrent, Ordering::Relaxed);
    let response = reply.send(&request, started, raw).await;
    shared.concurrent.fetch_sub(1, Ordering::Relaxed);
    response
}
