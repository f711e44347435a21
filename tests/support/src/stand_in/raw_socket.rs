//! A socket whose responses can be replaced by bytes that no HTTP library would send.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

/// Sends bytes into a [`RawSocket`].
pub(super) type RawSender = watch::Sender<Option<Vec<u8>>>;

pub(super) struct RawSocket<S> {
    stream: S,
    raw: watch::Receiver<Option<Vec<u8>>>,
    written: usize,
}

impl<S> RawSocket<S> {
    /// Wraps a stream. Bytes given to the sender replace the next response, and the connection
    /// ends after them.
    pub(super) fn new(stream: S) -> (Self, RawSender) {
        let (sender, raw) = watch::channel(None);
        (Self { stream, raw, written: 0 }, sender)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for RawSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for RawSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, raw, written } = &mut *self;
        let raw = raw.borrow();
        let Some(raw) = raw.as_deref() else {
            return Pin::new(stream).poll_write(context, bytes);
        };
        while *written < raw.len() {
            *written += ready!(Pin::new(&mut *stream).poll_write(context, &raw[*written..]))?;
        }
        ready!(Pin::new(&mut *stream).poll_shutdown(context))?;
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
