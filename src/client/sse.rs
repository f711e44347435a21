//! Server-sent events: bytes in, the data of whole events out. Owns no socket.
//!
//! Follows the grammar of the HTML standard, "Server-sent events". Bytes that are no UTF-8 are
//! replaced, line by line, so that one bad byte cannot hold back the events after it.

/// Far above any event of a caption; a stream that goes past it is not one.
const LONGEST_EVENT: usize = 1024 * 1024;

/// The stream sent more than [`LONGEST_EVENT`] bytes without ending an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EventTooLong;

/// Takes bytes in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    line: Vec<u8>,
    data: Option<String>,
    after_cr: bool,
    past_first_line: bool,
}

impl Decoder {
    /// The data of the events that `bytes` complete.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<String>, EventTooLong> {
        let mut events = Vec::new();
        while let Some((&first, rest)) = bytes.split_first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                bytes = rest;
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            self.line.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > LONGEST_EVENT {
                return Err(EventTooLong);
            }
            let Some(end) = end else { break };
            self.after_cr = bytes[end] == b'\r';
            events.extend(self.end_line());
            bytes = &bytes[end + 1..];
        }
        Ok(events)
    }

    /// The last event where the stream ends without the empty line that should follow it.
    pub(super) fn finish(mut self) -> Option<String> {
        self.end_line().or(self.data)
    }

    /// Takes the line in; an empty one completes the event.
    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let is_first = !std::mem::replace(&mut self.past_first_line, true);
        let line = line.strip_prefix('\u{feff}').filter(|_| is_first).unwrap_or(&line);
        if line.is_empty() {
            return self.data.take();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        if field == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: hello\r\nevent: x\rdata: {\"a\":\ndata:\"é 🎵\"}\n\r\n\
                          data\n\nid: 1\n\ndata:  two\r\r: end\ndata: [DONE]";

    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut events: Vec<_> =
            pieces.iter().flat_map(|piece| decoder.push(piece).unwrap()).collect();
        events.extend(decoder.finish());
        events
    }

    #[test]
    fn events_are_the_same_wherever_the_stream_is_cut() {
        let whole = ["{\"a\":\n\"é 🎵\"}", "", " two", "[DONE]"];
        let bytes = STREAM.as_bytes();
        assert_eq!(decode(&[bytes]), whole);
        for at in 0..=bytes.len() {
            let (left, right) = bytes.split_at(at);
            assert_eq!(decode(&[left, right]), whole, "cut at {at}");
        }
        assert_eq!(decode(&bytes.chunks(1).collect::<Vec<_>>()), whole);
    }

    #[test]
    fn a_byte_that_is_no_utf8_spoils_no_other_event() {
        assert_eq!(decode(&[b"data: a\xff\n\ndata: b\n\n"]), ["a\u{fffd}", "b"]);
    }

    #[test]
    fn an_event_without_an_end_is_given_up() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.push(&vec![b'x'; LONGEST_EVENT + 1]), Err(EventTooLong));
        let mut decoder = Decoder::default();
        let line = b"data: 0123456789\n".repeat(LONGEST_EVENT / 10);
        assert_eq!(decoder.push(&line), Err(EventTooLong));
    }
}
