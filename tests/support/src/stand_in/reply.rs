//! How a request is answered: honestly, or in one of the ways in which things go wrong.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Response, StatusCode};
use tokio::sync::{Semaphore, watch};

use super::{Request, protocol};

pub type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Holds an answer back until the test lets it go.
#[derive(Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    pub fn open(&self) {
        self.0.add_permits(1);
    }

    async fn passed(&self) {
        // The permit comes back at once: an open gate stays open.
        drop(self.0.acquire().await.expect("never closed"));
    }
}

pub struct Reply {
    action: Action,
    delay: Duration,
    gate: Option<Gate>,
    discards: bool,
    forgotten: bool,
}

enum Action {
    Honest,
    Http { status: u16, headers: Vec<(String, String)>, pieces: Vec<Piece> },
    Raw(Vec<u8>),
    Silence,
}

/// A part of a body.
pub enum Piece {
    /// Bytes in a chunk of their own.
    Bytes(Vec<u8>),
    /// What follows waits for the gate.
    Wait(Gate),
    /// The connection breaks.
    Cut,
}

impl Reply {
    /// What was measured of the sound.
    pub fn honest() -> Self {
        Self {
            action: Action::Honest,
            delay: Duration::ZERO,
            gate: None,
            discards: false,
            forgotten: false,
        }
    }

    /// A status without a body.
    pub fn status(status: u16) -> Self {
        let (headers, pieces) = (Vec::new(), Vec::new());
        Self { action: Action::Http { status, headers, pieces }, ..Self::honest() }
    }

    /// A body of one piece.
    pub fn body(self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.pieces(media_type, [body])
    }

    /// A body that comes in pieces, each a chunk of its own on the wire.
    pub fn pieces<T: Into<Vec<u8>>>(
        self,
        media_type: &str,
        body: impl IntoIterator<Item = T>,
    ) -> Self {
        let body = body.into_iter().map(|piece| Piece::Bytes(piece.into()));
        self.header("content-type", media_type).and(body)
    }

    /// More pieces, once the gate is open.
    pub fn then<T: Into<Vec<u8>>>(self, gate: &Gate, body: impl IntoIterator<Item = T>) -> Self {
        let body = body.into_iter().map(|piece| Piece::Bytes(piece.into()));
        self.and([Piece::Wait(gate.clone())]).and(body)
    }

    /// The connection breaks after the last piece.
    pub fn cut(self) -> Self {
        self.and([Piece::Cut])
    }

    fn and(mut self, more: impl IntoIterator<Item = Piece>) -> Self {
        if let Action::Http { pieces, .. } = &mut self.action {
            pieces.extend(more);
        }
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Action::Http { headers, .. } = &mut self.action {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// These very bytes in place of an HTTP response, and the end of the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { action: Action::Raw(bytes.into()), ..Self::honest() }
    }

    /// Never an answer.
    pub fn silence() -> Self {
        Self { action: Action::Silence, ..Self::honest() }
    }

    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    pub fn behind(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    /// The body of the request is counted and thrown away.
    pub fn discarding(self) -> Self {
        Self { discards: true, ..self }
    }

    /// The request is not remembered.
    pub fn forgotten(self) -> Self {
        Self { forgotten: true, ..self }
    }

    pub fn is_forgotten(&self) -> bool {
        self.forgotten
    }

    pub async fn receive(&self, request: hyper::Request<Incoming>) -> io::Result<Request> {
        let (parts, mut incoming) = request.into_parts();
        let mut body = Vec::new();
        while let Some(frame) = incoming.frame().await {
            let data = frame.map_err(io::Error::other)?.into_data().unwrap_or_default();
            if !self.discards {
                body.extend_from_slice(&data);
            }
        }
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Request { method: parts.method.to_string(), path, headers: parts.headers, body })
    }

    pub async fn send(
        self,
        request: &Request,
        started: Instant,
        raw: &watch::Sender<Option<Vec<u8>>>,
    ) -> io::Result<Response<Body>> {
        tokio::time::sleep(self.delay).await;
        if let Some(gate) = &self.gate {
            gate.passed().await;
        }
        match self.action {
            Action::Honest => Ok(protocol::answer(request, started)),
            Action::Http { status, headers, pieces } => Ok(response(status, &headers, pieces)),
            Action::Raw(bytes) => {
                raw.send_replace(Some(bytes));
                Ok(response(200, &[], Vec::new()))
            }
            Action::Silence => std::future::pending().await,
        }
    }
}

/// A response whose body comes whole where it is one piece, and in chunks otherwise.
pub fn response(
    status: u16,
    headers: &[(String, String)],
    mut pieces: Vec<Piece>,
) -> Response<Body> {
    let mut response = Response::builder().status(StatusCode::from_u16(status).expect("a status"));
    for (name, value) in headers {
        response = response.header(name, value);
    }
    let whole = match pieces.as_mut_slice() {
        [] => Some(Vec::new()),
        [Piece::Bytes(bytes)] => Some(std::mem::take(bytes)),
        _ => None,
    };
    let body = match whole {
        Some(whole) => Full::new(Bytes::from(whole)).map_err(|never| match never {}).boxed_unsync(),
        None => StreamBody::new(stream::iter(pieces).filter_map(frame)).boxed_unsync(),
    };
    response.body(body).expect("a response")
}

async fn frame(piece: Piece) -> Option<io::Result<Frame<Bytes>>> {
    match piece {
        Piece::Bytes(bytes) => Some(Ok(Frame::data(Bytes::from(bytes)))),
        Piece::Wait(gate) => {
            gate.passed().await;
            None
        }
        Piece::Cut => {
            // What was written before goes out while this waits.
            tokio::task::yield_now().await;
            Some(Err(io::Error::other("cut")))
        }
    }
}
