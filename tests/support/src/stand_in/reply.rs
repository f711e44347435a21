//! Replies of the stand-in: the regular one, or one of the ways in which things go wrong.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Response, StatusCode};
use tokio::sync::Semaphore;

use super::raw_socket::RawSender;
use super::{Request, protocol};

pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Holds back a response until a test opens it.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// Creates a closed gate.
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Opens the gate for good.
    pub fn open(&self) {
        self.0.add_permits(1);
    }

    async fn passed(&self) {
        // The permit is returned at once: an open gate stays open.
        drop(self.0.acquire().await.expect("never closed"));
    }
}

/// Response to one request.
#[derive(Debug)]
pub struct Reply {
    action: Action,
    delay: Duration,
    gate: Option<Gate>,
    discards_body: bool,
    is_logged: bool,
}

#[derive(Debug)]
enum Action {
    Measure,
    Http { status: u16, headers: Vec<(String, String)>, pieces: Vec<Piece> },
    Raw(Vec<u8>),
    Never,
}

/// Part of a body.
#[derive(Debug)]
pub(super) enum Piece {
    /// Bytes in a chunk of their own.
    Bytes(Vec<u8>),
    /// The next pieces wait for the gate.
    Wait(Gate),
    /// The connection breaks.
    Disconnect,
}

impl Reply {
    /// Responds as the service does, with the measurements of the audio as caption.
    pub fn measured() -> Self {
        Self {
            action: Action::Measure,
            delay: Duration::ZERO,
            gate: None,
            discards_body: false,
            is_logged: true,
        }
    }

    /// Responds with a status and no body.
    pub fn status(status: u16) -> Self {
        let (headers, pieces) = (Vec::new(), Vec::new());
        Self { action: Action::Http { status, headers, pieces }, ..Self::measured() }
    }

    /// Adds a body.
    #[must_use]
    pub fn body(self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.pieces(media_type, [body])
    }

    /// Adds a body in pieces, each an HTTP chunk of its own.
    #[must_use]
    pub fn pieces<T: Into<Vec<u8>>>(
        self,
        media_type: &str,
        body: impl IntoIterator<Item = T>,
    ) -> Self {
        let body = body.into_iter().map(|piece| Piece::Bytes(piece.into()));
        self.header("content-type", media_type).and(body)
    }

    /// Adds pieces that are sent when the gate opens.
    #[must_use]
    pub fn pieces_after<T: Into<Vec<u8>>>(
        self,
        gate: &Gate,
        body: impl IntoIterator<Item = T>,
    ) -> Self {
        let body = body.into_iter().map(|piece| Piece::Bytes(piece.into()));
        self.and([Piece::Wait(gate.clone())]).and(body)
    }

    /// Breaks the connection after the last piece.
    #[must_use]
    pub fn disconnect(self) -> Self {
        self.and([Piece::Disconnect])
    }

    fn and(mut self, more: impl IntoIterator<Item = Piece>) -> Self {
        if let Action::Http { pieces, .. } = &mut self.action {
            pieces.extend(more);
        }
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Action::Http { headers, .. } = &mut self.action {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Sends exactly these bytes, HTTP or not, and closes the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { action: Action::Raw(bytes.into()), ..Self::measured() }
    }

    /// Never responds.
    pub fn never() -> Self {
        Self { action: Action::Never, ..Self::measured() }
    }

    /// Responds after a delay.
    #[must_use]
    pub fn delayed(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Responds when the gate opens.
    #[must_use]
    pub fn held_by(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    /// Reads the body of the request and discards it.
    #[must_use]
    pub fn discard_body(self) -> Self {
        Self { discards_body: true, ..self }
    }

    /// Keeps the request out of [`StandIn::requests`](super::StandIn::requests).
    #[must_use]
    pub fn unlogged(self) -> Self {
        Self { is_logged: false, ..self }
    }

    pub(super) fn is_logged(&self) -> bool {
        self.is_logged
    }

    pub(super) async fn receive(&self, request: hyper::Request<Incoming>) -> io::Result<Request> {
        let (parts, mut incoming) = request.into_parts();
        let mut body = Vec::new();
        while let Some(frame) = incoming.frame().await {
            let data = frame.map_err(io::Error::other)?.into_data().unwrap_or_default();
            if !self.discards_body {
                body.extend_from_slice(&data);
            }
        }
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Request { method: parts.method.to_string(), path, headers: parts.headers, body })
    }

    pub(super) async fn send(
        self,
        request: &Request,
        started: Instant,
        raw: &RawSender,
    ) -> io::Result<Response<Body>> {
        tokio::time::sleep(self.delay).await;
        if let Some(gate) = &self.gate {
            gate.passed().await;
        }
        match self.action {
            Action::Measure => Ok(protocol::respond(request, started)),
            Action::Http { status, headers, pieces } => Ok(response(status, &headers, pieces)),
            Action::Raw(bytes) => {
                raw.send_replace(Some(bytes));
                Ok(response(200, &[], Vec::new()))
            }
            Action::Never => std::future::pending().await,
        }
    }
}

/// Builds a response. A body of several pieces is sent in chunks.
pub(super) fn response(
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
        Piece::Disconnect => {
            // Bytes written before are sent while this yields.
            tokio::task::yield_now().await;
            Some(Err(io::Error::other("disconnected")))
        }
    }
}
