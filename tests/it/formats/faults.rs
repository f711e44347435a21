//! Faults outside of the sound: they are passed over with a note.

use super::decoding_damage::sweep;
use super::encoded;
use crate::harness::{answer, caption};
use support::stand_in::StandIn;

/// Asserts that a file is captioned with a note.
#[track_caller]
fn assert_noted(name: &str, content: &[u8], fault: &str) {
    let stand_in = StandIn::always(|| answer("A sound."));
    let run = caption(&stand_in).file(name, content).arg(name).run();
    assert_eq!((run.code, run.stdout.as_str()), (0, "A sound.\n"), "{}", run.stderr);
    assert_eq!(run.stderr, format!("caption: note: {fault}: {name}\n"));
}

/// A FLAC file with another block of metadata behind its first one.
fn with_block(content: &[u8], kind: u8, block: &[u8]) -> Vec<u8> {
    let (head, rest) = content.split_at(4 + 4 + 34);
    let len = u32::try_from(block.len()).unwrap().to_be_bytes();
    [head, &[kind], &len[1..], block, rest].concat()
}

#[test]
fn damaged_metadata_of_flac_is_noted() {
    let Some(content) = encoded(&sweep(), "-c:a flac", "a.flac") else { return };
    let mut cue_sheet = [&[0; 395][..], &[1], &[0; 36]].concat();
    let whole = with_block(&content, 5, &cue_sheet);
    let stand_in = StandIn::always(|| answer("A sound."));
    let run = caption(&stand_in).file("a.flac", whole).arg("a.flac").run();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    cue_sheet[395] = 9;
    let fault = "the cue sheet is damaged and is ignored";
    assert_noted("a.flac", &with_block(&content, 5, &cue_sheet), fault);
    let comments = b"\x04\0\0\0test\x02\0\0\0\x09\0\0\0TITLE=abc";
    let fault = "the comments are damaged and are ignored";
    assert_noted("a.flac", &with_block(&content, 4, comments), fault);
}

#[test]
fn comments_of_ogg_with_a_wrong_checksum_are_noted() {
    let arguments = "-c:a libopus -metadata title=abcdef";
    let Some(mut content) = encoded(&sweep(), arguments, "a.opus") else { return };
    let at = content.windows(6).position(|bytes| bytes == b"abcdef").unwrap();
    content[at] = b'x';
    assert_noted("a.opus", &content, "the comments have a wrong checksum");
}

#[test]
fn an_id3_tag_that_is_longer_than_its_file_is_noted() {
    let Some(content) = encoded(&sweep(), "-id3v2_version 0", "a.mp3") else { return };
    let content = [&b"ID3\x04\0\0\x7f\x7f\x7f\x7f"[..], &content].concat();
    assert_noted("a.mp3", &content, "the ID3 tag has a wrong length");
}

#[test]
fn the_same_fault_of_several_files_is_noted_once() {
    let Some(content) = encoded(&sweep(), "-id3v2_version 0", "a.mp3") else { return };
    let content = [&b"ID3\x04\0\0\x7f\x7f\x7f\x7f"[..], &content].concat();
    let stand_in = StandIn::always(|| answer("A sound."));
    let other = [&content[..], &content[content.len() / 2..]].concat();
    let run = caption(&stand_in).file("a.mp3", content).file("b.mp3", other);
    let run = run.args(["a.mp3", "b.mp3"]).run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.stderr.matches("wrong length").count(), 1, "{}", run.stderr);
}
