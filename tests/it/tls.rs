//! Certificates that are not to be trusted.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::harness::{assert_says, bare, data};

#[test]
fn a_certificate_that_nobody_vouches_for_is_told_as_that_and_not_tried_again() {
    let connections = Arc::new(AtomicUsize::new(0));
    let port = serve(connections.clone());
    let url = format!("https://localhost:{port}");
    let run = bare().env("AIMLAPI_KEY", "sk-marked").args(["--base-url", &url]);
    let said = run.arg(data("tone.wav")).run().failed(3);
    let host = format!("the certificate of localhost:{port} is not trusted (");
    assert_says(&said, &[&host, "tone.wav", "SSL_CERT_FILE"]);
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

/// A server with a certificate that it made for itself; it lives as long as the tests do.
fn serve(connections: Arc<AtomicUsize>) -> u16 {
    let read = |name: &str| std::fs::read(data(name)).unwrap();
    let certificate = CertificateDer::from(read("self-signed.cert.der"));
    let key = PrivateKeyDer::try_from(read("self-signed.key.der")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            connections.fetch_add(1, Ordering::Relaxed);
            let mut connection = ServerConnection::new(config.clone()).unwrap();
            // The client leaves in the middle of the handshake, which is an error here.
            let _ = Stream::new(&mut connection, &mut socket.unwrap()).read(&mut [0]);
        }
    });
    port
}
