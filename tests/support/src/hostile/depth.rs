//! Files with parts within parts, deeper than any recording.

use std::fs;

use super::{aiff, chunk, mp4_box};
use crate::audio::data_path;

/// AIFF files with chapters within chapters in their tags, before and behind the audio.
pub fn nested_chapters(depth: usize) -> [Vec<u8>; 2] {
    let tag = chunk(b"ID3 ", &nested_tag(depth));
    [aiff(2, &tag, &[]), aiff(2, &[], &tag)]
}

/// Files in which what must not be entered is neither at the start nor in a chunk.
pub fn hidden_chapters(depth: usize) -> Vec<(String, Vec<u8>)> {
    let (tag, [aiff, _]) = (nested_tag(depth), nested_chapters(depth));
    let short_tag = b"ID3\x04\0\0\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0".to_vec();
    let mut files = vec![
        ("garbage-aiff".to_owned(), [&[1; 100], aiff.as_slice()].concat()),
        ("sync-aiff".to_owned(), [&[0xff, 0xe0].repeat(20), aiff.as_slice()].concat()),
    ];
    let clips = ["tones/layer3.mp3", "tones/native.flac", "tones/adts.aac", "tones/vorbis.ogg"];
    for clip in clips.into_iter().chain(["tone.wav", "tones/pcm.caf", "tones/opus.webm"]) {
        let audio = fs::read(data_path(clip)).expect("it is in tests/data");
        let (_, extension) = clip.rsplit_once('.').expect("an extension");
        for (name, before) in
            [("front", Vec::new()), ("second", short_tag.clone()), ("garbage", vec![1; 100])]
        {
            let content = [before.as_slice(), &tag, &audio].concat();
            files.push((format!("{name}-{extension}"), content));
        }
        files.push((format!("end-{extension}"), [audio.as_slice(), &tag].concat()));
    }
    files
}

/// ID3 tag with chapters within chapters.
fn nested_tag(depth: usize) -> Vec<u8> {
    let size = |len: usize| [21, 14, 7, 0].map(|shift| (len >> shift) as u8 & 0x7f);
    let chapters = (0..depth).fold(Vec::new(), |inner, _| {
        let content = [b"c\0".as_slice(), &[0; 16], &inner].concat();
        [b"CHAP".as_slice(), &size(content.len()), &[0; 2], &content].concat()
    });
    [b"ID3\x04\0\0".as_slice(), &size(chapters.len()), &chapters].concat()
}

/// MP4 and `WebM` files with each kind of part within itself.
pub fn nested_elements(depth: usize) -> Vec<(String, Vec<u8>)> {
    let boxes = [
        "trak", "mdia", "minf", "stbl", "edts", "dinf", "udta", "meta", "ilst", "wave", "mvex",
        "moof", "traf", "mp4a",
    ];
    let webm = [
        nested_element("tags", b"\x67\xc8", &[b"\x73\x73", b"\x12\x54\xc3\x67"], depth),
        nested_element("chapters", b"\xb6", &[b"\x45\xb9", b"\x10\x43\xa7\x70"], depth),
        nested_element("groups", b"\xa0", &[], depth),
        nested_element("tracks", b"\xae", &[b"\x16\x54\xae\x6b"], depth),
    ];
    let mp4 =
        boxes.into_iter().map(|name| (format!("{name}.m4a"), mp4_with(name.as_bytes(), depth)));
    mp4.chain(webm).collect()
}

/// `WebM` file with elements within each other, in these parents from the inner to the outer one.
fn nested_element(name: &str, id: &[u8], parents: &[&[u8]], depth: usize) -> (String, Vec<u8>) {
    let nested = (0..depth).fold(Vec::new(), |content, _| element(id, &content));
    let content = parents.iter().fold(nested, |content, id| element(id, &content));
    (format!("{name}.webm"), webm_with(&content))
}

/// Element of `WebM`.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    [id, &(content.len() as u64 | 1 << 56).to_be_bytes(), content].concat()
}

/// `WebM` file with an element before its clusters.
fn webm_with(content: &[u8]) -> Vec<u8> {
    let mut audio = fs::read(data_path("tones/opus.webm")).expect("it is in tests/data");
    let find = |name: &[u8]| audio.windows(4).position(|found| found == name).expect("an element");
    let (segment, cluster) = (find(b"\x18\x53\x80\x67") + 4, find(b"\x1f\x43\xb6\x75"));
    audio.splice(cluster..cluster, content.iter().copied());
    let width = audio[segment].leading_zeros() as usize + 1;
    audio.splice(segment..segment + width, *b"\x01\xff\xff\xff\xff\xff\xff\xff");
    audio
}

/// MP4 file with boxes of a name within each other, at the end of its movie and of its track.
fn mp4_with(name: &[u8], depth: usize) -> Vec<u8> {
    let start: &[u8] = if name == b"meta" { &[0; 4] } else { &[] };
    let nested =
        (0..depth).fold(Vec::new(), |content, _| mp4_box(name, &[start, &content].concat()));
    let audio = fs::read(data_path("tones/aac.m4a")).expect("it is in tests/data");
    let mut content = with_box(&audio, &[b"moov"], &nested);
    content.extend(&nested);
    with_box(&content, &[b"moov", b"trak"], &nested)
}

/// Boxes with another at the end of those of this path.
fn with_box(mut boxes: &[u8], path: &[&[u8; 4]], added: &[u8]) -> Vec<u8> {
    let Some((first, rest)) = path.split_first() else { return [boxes, added].concat() };
    let mut content = Vec::new();
    while let Some((len, behind)) = boxes.split_first_chunk() {
        let len = (u32::from_be_bytes(*len) as usize).clamp(8, boxes.len());
        let (name, inner) = (&behind[..4], &boxes[8..len]);
        let inner = if name == *first { with_box(inner, rest, added) } else { inner.to_vec() };
        content.extend(mp4_box(name, &inner));
        boxes = &boxes[len..];
    }
    content
}
