//! A TCP server that breaks the rules of HTTP.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use socket2::SockRef;

/// A complete response.
pub(super) const RAIN: &str =
    "{\"choices\":[{\"message\":{\"content\":\"Rain.\"},\"finish_reason\":\"stop\"}]}";

/// A running server, which listens as long as the tests run.
pub(super) struct RawServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl RawServer {
    pub(super) fn start(handler: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, handler) = (connections.clone(), Arc::new(handler));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::Relaxed);
                let handler = handler.clone();
                std::thread::spawn(move || handler(stream));
            }
        });
        Self { address, connections }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Reads a number of bytes of the request and resets the connection.
pub(super) fn reset_after(bytes: usize) -> impl Fn(TcpStream) + Send + Sync {
    move |mut stream| {
        let _ = stream.read_exact(&mut vec![0; bytes]);
        reset(&stream);
    }
}

/// Reads the request, sends these bytes, and resets the connection.
pub(super) fn respond_and_reset(response: &'static str) -> impl Fn(TcpStream) + Send + Sync {
    move |mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(response.as_bytes());
        reset(&stream);
    }
}

/// Reads the request and sends these bytes again and again until the client disconnects.
pub(super) fn respond_endlessly(
    headers: &'static str,
    repeated: &'static str,
) -> impl Fn(TcpStream) + Send + Sync {
    move |mut stream| {
        read_request(&mut stream);
        let block = repeated.repeat(16 * 1024 / repeated.len());
        let mut written = stream.write_all(headers.as_bytes());
        while written.is_ok() {
            written = stream.write_all(block.as_bytes());
        }
    }
}

/// Reads the request and responds one byte at a time, with a pause before each.
pub(super) fn respond_bytewise(
    response: &'static str,
    pause: Duration,
) -> impl Fn(TcpStream) + Send + Sync {
    move |mut stream| {
        read_request(&mut stream);
        let _ = stream.set_nodelay(true);
        for byte in response.bytes() {
            std::thread::sleep(pause);
            if stream.write_all(&[byte]).is_err() {
                return;
            }
        }
    }
}

/// Responds after the headers of the request, and reads no byte of its body.
pub(super) fn respond_to_headers(response: &'static str) -> impl Fn(TcpStream) + Send + Sync {
    move |mut stream| {
        read_headers(&mut stream);
        let _ = stream.write_all(response.as_bytes());
        drain(&mut stream);
    }
}

/// Responds after the headers when the gate opens, and reads the body then.
pub(super) fn read_body_after(gate: Gate) -> impl Fn(TcpStream) + Send + Sync {
    move |mut stream| {
        let length = content_length(&read_headers(&mut stream));
        gate.wait();
        let _ = io::copy(&mut (&stream).take(length), &mut io::sink());
        let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n{RAIN}");
    }
}

/// Holds threads until it is opened.
#[derive(Clone, Default)]
pub(super) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(super) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let is_open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(is_open, |is_open| !*is_open).unwrap());
    }
}

/// Holds the connection and never responds.
pub(super) fn hold(mut stream: TcpStream) {
    drain(&mut stream);
}

fn drain(stream: &mut TcpStream) {
    let _ = io::copy(stream, &mut io::sink());
}

/// Closing a socket with unread bytes resets the connection too.
fn reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Reads a request of the announced length.
fn read_request(stream: &mut TcpStream) {
    let length = content_length(&read_headers(stream));
    let _ = io::copy(&mut stream.take(length), &mut io::sink());
}

fn content_length(headers: &str) -> u64 {
    let headers = headers.to_lowercase();
    let length = headers.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.map_or(0, |length| length.trim().parse().unwrap())
}

fn read_headers(stream: &mut TcpStream) -> String {
    let mut headers = Vec::new();
    let mut byte = [0];
    while !headers.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        headers.extend(byte);
    }
    String::from_utf8_lossy(&headers).into_owned()
}
