//! Encodings of text files: UTF-8, and UTF-16 by its byte order mark.

use std::io;

/// Byte order mark of UTF-8.
pub(crate) const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// Length of the byte order marks of UTF-16.
pub(crate) const UTF16_MARK_LEN: usize = 2;

/// Conversion of two bytes to a unit of UTF-16.
pub(crate) type ToUnit = fn([u8; 2]) -> u16;

/// Returns the byte order of a text that starts with a byte order mark of UTF-16.
pub(crate) fn utf16_order(text: &[u8]) -> Option<ToUnit> {
    match text {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

/// Decodes a text in UTF-8, or in UTF-16 with a byte order mark. The mark is removed.
pub fn decode_text(text: &[u8]) -> io::Result<String> {
    let decoded = if let Some(to_unit) = utf16_order(text) {
        let (units, rest) = text[UTF16_MARK_LEN..].as_chunks();
        let units: Vec<u16> = units.iter().map(|unit| to_unit(*unit)).collect();
        String::from_utf16(&units).ok().filter(|_| rest.is_empty())
    } else {
        String::from_utf8(text.strip_prefix(UTF8_MARK).unwrap_or(text).to_vec()).ok()
    };
    decoded.ok_or_else(|| invalid_data("neither UTF-8 nor UTF-16"))
}

/// Error about the content of a file.
pub(crate) fn invalid_data(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
