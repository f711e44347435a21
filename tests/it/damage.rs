//! Damaged, lying and hostile files: a clear error or a caption, no panic, no runaway memory.

use std::io::Write;
use std::panic;

use caption::audio::{Clip, Convert, Recipe, measure, prepare};
use caption::error::{Error, Kind};

use crate::harness::data;

fn main_clips() -> Vec<(String, Vec<u8>)> {
    let mut clips = Vec::new();
    for folder in [data("tones"), data("")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension != "der") && path.is_file() {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                clips.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    clips.sort();
    clips
}

fn look(content: &[u8]) -> Result<f64, Error> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    let clip = Clip::open(file.path())?;
    let mut recipe = Recipe::default();
    recipe.convert = Convert::Always;
    recipe.max_upload = Some(10_000_000);
    let _ = measure(&clip)?;
    Ok(prepare(&clip, &recipe)?.seconds.unwrap_or(0.0))
}

#[test]
fn a_mutated_file_is_converted_or_refused() {
    let cases: usize = std::env::var("CAPTION_CASES").ok().map_or(20, |n| n.parse().unwrap());
    let seed: u64 = std::env::var("CAPTION_SEED").ok().map_or(1, |n| n.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(seed);
    for (name, original) in main_clips() {
        for case in 0..cases {
            let mut content = original.clone();
            for _ in 0..random.usize(1..12) {
                let at = if random.bool() {
                    random.usize(..content.len().min(128))
                } else {
                    random.usize(..content.len())
                };
                match random.u8(..6) {
                    0 => content[at] ^= 1 << random.u8(..8),
                    1 => content[at] = *random.choice(&[0, 0xff, 0x7f, 0x80]).unwrap(),
                    2 => {
                        let end = (at + random.usize(1..64)).min(content.len());
                        random.fill(&mut content[at..end]);
                    }
                    3 if case % 4 == 0 => content.truncate(at.max(1)),
                    4 => {
                        let end = (at + 4).min(content.len());
                        content[at..end].fill(0xff);
                    }
                    _ => {
                        let end = (at + random.usize(1..200)).min(content.len());
                        let part = content[at..end].to_vec();
                        content.splice(at..at, part);
                    }
                }
            }
            let started = std::time::Instant::now();
            let result = panic::catch_unwind(|| look(&content));
            let took = started.elapsed();
            if took.as_secs() >= 2 {
                println!("SLOW {name} {case} {took:?}");
            }
            match result {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => assert_eq!(error.kind(), Kind::Input, "{name} {case}: {error}"),
                Err(_) => {
                    std::fs::write(format!("/tmp/crash-{name}-{seed}-{case}"), &content).unwrap();
                    println!("PANIC {name} {case}");
                }
            }
        }
    }
}
