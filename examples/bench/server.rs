//! A server that discards requests. It runs in a process of its own, so that its cost shows only in
//! the wall time, which is the same for all tools.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

/// First argument of the process that serves.
pub(crate) const SERVE_ARG: &str = "--as-server";

const RESPONSE: &str = r#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Rain on a tin roof."},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000000,"completion_tokens":10,"total_tokens":1000010}}"#;

/// Speed of the server.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ServerOptions {
    /// Delay of the response, in milliseconds.
    pub(crate) delay_ms: u64,
    /// Maximum bytes per second that are read; 0 for no limit.
    pub(crate) bytes_per_second: u64,
}

/// A server process, killed when dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn start(options: ServerOptions) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([SERVE_ARG, &options.delay_ms.to_string(), &options.bytes_per_second.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("a pipe")?).read_line(&mut line)?;
        Ok(Self { process, port: line.trim().parse()? })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until the process is killed.
pub(crate) fn serve(options: ServerOptions) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    if options.bytes_per_second > 0 {
        // Bytes in a large kernel buffer would count as sent.
        socket2::SockRef::from(&listener).set_recv_buffer_size(16 * 1024)?;
    }
    println!("{}", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let stream = stream?;
        // Clients are allowed to disconnect.
        thread::spawn(move || serve_connection(stream, options));
    }
    Ok(())
}

fn serve_connection(stream: TcpStream, options: ServerOptions) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::with_capacity(256 * 1024, stream);
    loop {
        let (mut length, mut line) = (0_u64, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let field = line.trim().to_ascii_lowercase();
            if let Some(value) = field.strip_prefix("content-length: ") {
                length = value.parse().unwrap_or(0);
            } else if field == "expect: 100-continue" {
                writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            } else if field.is_empty() {
                break;
            }
        }
        read_body(&mut reader, length, options.bytes_per_second)?;
        thread::sleep(Duration::from_millis(options.delay_ms));
        let length = RESPONSE.len();
        let headers = format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        writer.write_all(["HTTP/1.1 200 OK\r\n", &headers, RESPONSE].concat().as_bytes())?;
    }
}

fn read_body(reader: &mut impl BufRead, length: u64, bytes_per_second: u64) -> std::io::Result<()> {
    let (started, mut read) = (Instant::now(), 0);
    while read < length {
        let max_len = if bytes_per_second > 0 { 16 * 1024 } else { usize::MAX };
        let size = reader.fill_buf()?.len().min(max_len);
        if size == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        reader.consume(size);
        read += size as u64;
        if bytes_per_second > 0 {
            let due = Duration::from_secs_f64(read as f64 / bytes_per_second as f64);
            thread::sleep(due.saturating_sub(started.elapsed()));
        }
    }
    Ok(())
}
