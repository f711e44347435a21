//! Movies without a box of their type, and what the tables of a movie say about AAC.

use std::fs;

use super::received;
use crate::harness::{answer, caption, data_path};
use support::audio::{CONVERTED_RATE, samples, signal_to_noise, sine};
use support::containers::{Coding, Track, encode, movie, mp4_box, sound_entry};
use support::stand_in::StandIn;

const LEN: f64 = 0.5;

fn tone() -> Vec<f64> {
    let tone = sine(440.0);
    samples(CONVERTED_RATE, LEN, |t| 0.5 * tone(t))
}

/// A movie of the tone whose first box has another name than that of its type.
fn movie_beginning_with(name: [u8; 4]) -> Vec<u8> {
    let data = encode(&tone(), 2, Coding::Signed(2), true);
    let entry = sound_entry(b"twos", 2, 16, 16_000, &[]);
    let count = (data.len() / 4) as u32;
    let track = Track { id: 1, handler: b"soun", entry, sample: 4, count };
    let mut content = movie(b"qt  ", &[track], &data);
    content[4..8].copy_from_slice(&name);
    content
}

/// Leaves out the first box, and places the box `moov` first if that is wanted.
fn rearranged(content: &[u8], is_movie_first: bool) -> Vec<u8> {
    let start = content.windows(4).rposition(|name| name == b"moov").unwrap() - 4;
    let mut movie = content[start..].to_vec();
    // The first box is left out.
    let before = if is_movie_first { movie.len() } else { 0 } as u32;
    let chunk = movie.windows(4).position(|name| name == b"stco").unwrap() + 12;
    let offset = u32::from_be_bytes(movie[chunk..chunk + 4].try_into().unwrap());
    movie[chunk..chunk + 4].copy_from_slice(&(offset + before - 16).to_be_bytes());
    let data = &content[16..start];
    if is_movie_first { [&movie, data].concat() } else { [data, &movie].concat() }
}

#[track_caller]
fn assert_tone(name: &str, content: &[u8]) {
    let heard = received("a.mov", content);
    let ratio = signal_to_noise(&tone(), &heard.samples);
    assert!(ratio >= 60.0, "{name}: {ratio:.1} dB");
    assert_eq!(heard.record["sound"]["container"], "mov", "{name}");
    assert_eq!(heard.record["sound"]["codec"], "pcm_s16be", "{name}");
}

#[test]
fn a_movie_without_a_box_of_its_type_is_read() {
    for name in [*b"wide", *b"free", *b"skip", *b"pnot"] {
        assert_tone(&String::from_utf8_lossy(&name), &movie_beginning_with(name));
    }
    let content = movie_beginning_with(*b"free");
    assert_tone("moov", &rearranged(&content, true));
    assert_tone("mdat", &rearranged(&content, false));
    // The last box extends to the end.
    let mut open = rearranged(&content, true);
    let data = open.windows(4).position(|name| name == b"mdat").unwrap() - 4;
    open[data..data + 4].fill(0);
    assert_tone("an open end", &open);
}

#[test]
fn a_movie_without_a_box_of_its_type_that_is_cut_is_read_as_far_as_it_goes() {
    let content = rearranged(&movie_beginning_with(*b"free"), true);
    let heard = received("a.mov", &content[..content.len() - 8000]);
    let ratio = signal_to_noise(&tone()[..5900], &heard.samples[..5900]);
    assert!(ratio >= 60.0, "{ratio:.1} dB");
    assert_eq!(heard.record["truncated"], true, "{}", heard.record);
}

#[test]
fn aac_with_a_reserved_rate_has_that_of_its_container() {
    let content = fs::read(data_path("tones/aac.m4a")).unwrap();
    // The description of the decoder: tag 5, a length, and AAC-LC with an index of a rate.
    let at = content.windows(4).position(|name| name == b"esds").unwrap();
    let config = at + content[at..].windows(2).position(|b| b == [0x05, 0x80]).unwrap() + 5;
    assert_eq!(content[config] >> 3, 2);
    let expected = received("a.m4a", &content);
    for index in [13, 14] {
        let mut content = content.clone();
        content[config] = content[config] & 0xf8 | index >> 1;
        content[config + 1] = content[config + 1] & 0x7f | index << 7;
        let heard = received("a.m4a", &content);
        assert_eq!(heard.samples, expected.samples, "index {index}");
        assert_eq!(heard.record["sound"], expected.record["sound"], "index {index}");
    }
}

#[test]
fn a_dry_run_tells_the_length_without_what_an_encoder_puts_before_the_sound() {
    for name in ["tones/aac.m4a", "tones/video.mp4"] {
        let content = fs::read(data_path(name)).unwrap();
        let heard = received("a.mp4", &content);
        let stand_in = StandIn::scripted([answer("A tone.")]);
        let run = caption(&stand_in).file("a.mp4", &content).args(["--dry-run", "a.mp4"]).run();
        let told = run.stdout.split_whitespace().next().unwrap().parse::<f64>().unwrap();
        let sent = heard.record["seconds"].as_f64().unwrap();
        assert!((told - sent).abs() < 0.01, "{name}: {told} s, then {sent} s");
    }
}

#[test]
fn data_of_another_kind_is_no_movie() {
    // Its first box has a name of a movie, and nothing of one is behind it.
    let stand_in = StandIn::start();
    let content = mp4_box(b"free", &[0x9b; 5000]);
    let run = caption(&stand_in).file("a.bin", content).arg("a.bin").run();
    run.failed(3);
    assert_eq!(stand_in.connections(), 0);
}
