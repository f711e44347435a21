//! A server that takes requests and throws them away, in a process of its own: what it costs is
//! in no figure but the wall time, and there for all alike.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

/// The first argument that makes this process the sink.
pub(crate) const AS_SINK: &str = "--as-sink";

const ANSWER: &str = r#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Rain on a tin roof."},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000000,"completion_tokens":10,"total_tokens":1000010}}"#;

/// How the sink behaves.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Time between the end of a request and its answer, in milliseconds.
    pub(crate) delay_ms: u64,
    /// Bytes a second that it takes; 0 for all it can.
    pub(crate) bytes_a_second: u64,
}

/// The sink as long as it lives.
pub(crate) struct Sink {
    process: Child,
    pub(crate) port: u16,
}

impl Sink {
    pub(crate) fn start(manner: Manner) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([AS_SINK, &manner.delay_ms.to_string(), &manner.bytes_a_second.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("a pipe")?).read_line(&mut line)?;
        Ok(Self { process, port: line.trim().parse()? })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may have gone by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until it is killed.
pub(crate) fn serve(manner: Manner) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    if manner.bytes_a_second > 0 {
        // What the kernel holds would have left at once.
        socket2::SockRef::from(&listener).set_recv_buffer_size(16 * 1024)?;
    }
    println!("{}", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let stream = stream?;
        // A client that goes away is no matter.
        thread::spawn(move || converse(stream, manner));
    }
    Ok(())
}

fn converse(stream: TcpStream, manner: Manner) -> std::io::Result<()> {
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
        take(&mut reader, length, manner.bytes_a_second)?;
        thread::sleep(Duration::from_millis(manner.delay_ms));
        let length = ANSWER.len();
        let head = format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        writer.write_all(["HTTP/1.1 200 OK\r\n", &head, ANSWER].concat().as_bytes())?;
    }
}

fn take(reader: &mut impl BufRead, length: u64, bytes_a_second: u64) -> std::io::Result<()> {
    let (started, mut taken) = (Instant::now(), 0);
    while taken < length {
        let most = if bytes_a_second > 0 { 16 * 1024 } else { usize::MAX };
        let size = reader.fill_buf()?.len().min(most);
        if size == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        reader.consume(size);
        taken += size as u64;
        if bytes_a_second > 0 {
            let due = Duration::from_secs_f64(taken as f64 / bytes_a_second as f64);
            thread::sleep(due.saturating_sub(started.elapsed()));
        }
    }
    Ok(())
}
