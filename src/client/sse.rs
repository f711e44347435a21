//! Decoder of server-sent events, without I/O.
//!
//! Follows the grammar of the HTML standard, "Server-sent events". Invalid UTF-8 is replaced line
//! by line, so that one bad byte cannot hold back the events after it.

/// Size limit of an event in bytes, far above any event of a caption.
const MAX_EVENT_LEN: usize = 1024 * 1024;

/// Error of an event longer than [`MAX_EVENT_LEN`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EventTooLong;

/// Decoder that takes bytes in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    line: Vec<u8>,
    data: Option<String>,
    after_cr: bool,
    past_first_line: bool,
}

impl Decoder {
    /// Decodes bytes. Returns the data of the events that they complete.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<String>, EventTooLong> {
        let mut events = Vec::new();
        while let Some((&first, rest)) = bytes.split_first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                bytes = rest;
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            self.line.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > MAX_EVENT_LEN {
                return Err(EventTooLong);
            }
            let Some(end) = end else { break };
            self.after_cr = bytes[end] == b'\r';
            events.extend(self.end_line());
            bytes = &bytes[end + 1..];
        }
        Ok(events)
    }

    /// Returns the last event of a stream that ends without an empty line.
    pub(super) fn finish(mut self) -> Option<String> {
        self.end_line().or(self.data)
    }

    /// Ends a line; an empty one completes the event.
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
            self.data = Some(match self.data.take() {
                Some(data) => data + "\n" + value,
                None => value.to_owned(),
            });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use support::random::{cases, soup};

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
    fn invalid_utf8_does_not_affect_other_events() {
        assert_eq!(decode(&[b"data: a\xff\n\ndata: b\n\n"]), ["a\u{fffd}", "b"]);
    }

    #[test]
    fn an_event_without_end_is_an_error() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.push(&vec![b'x'; MAX_EVENT_LEN + 1]), Err(EventTooLong));
        let mut decoder = Decoder::default();
        let line = b"data: 0123456789\n".repeat(MAX_EVENT_LEN / 10);
        assert_eq!(decoder.push(&line), Err(EventTooLong));
    }

    #[test]
    fn random_streams_have_the_same_events_wherever_they_are_cut() {
        const PIECES: [&str; 16] = [
            "\n",
            "\n",
            "\n\n",
            "\r",
            "\r\n",
            "\r\n\r\n",
            "data: ",
            "data:",
            "data",
            ":",
            " ",
            "id: 1",
            "event",
            "{\"a\": 1}",
            "é🎵",
            "\u{feff}",
        ];
        cases(|random| {
            let stream = soup(random, 40, &PIECES);
            let (mut decoder, mut events, mut rest) = (Decoder::default(), Vec::new(), &stream[..]);
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(random.usize(1..=rest.len()));
                events.extend(decoder.push(piece).unwrap());
                rest = after;
            }
            events.extend(decoder.finish());
            let text = String::from_utf8_lossy(&stream);
            assert_eq!(events, reference_decode(&stream), "{text:?}");
        });
    }

    /// Decodes a whole stream as simply as the grammar allows.
    fn reference_decode(stream: &[u8]) -> Vec<String> {
        let mut lines = vec![Vec::new()];
        let mut bytes = stream.iter().peekable();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'\r' => {
                    bytes.next_if(|next| **next == b'\n');
                    lines.push(Vec::new());
                }
                b'\n' => lines.push(Vec::new()),
                _ => lines.last_mut().unwrap().push(byte),
            }
        }
        let (mut events, mut data) = (Vec::new(), Vec::new());
        for (number, line) in lines.iter().enumerate() {
            let line = String::from_utf8_lossy(line);
            let line = line.strip_prefix('\u{feff}').filter(|_| number == 0).unwrap_or(&line);
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            if line.is_empty() && !data.is_empty() {
                events.push(std::mem::take(&mut data).join("\n"));
            } else if field == "data" {
                data.push(value.strip_prefix(' ').unwrap_or(value).to_owned());
            }
        }
        if !data.is_empty() {
            events.push(data.join("\n"));
        }
        events
    }
}
