//! Fault injection: every way in which the service, this machine or a file can fail. Each row
//! states the error, the number of attempts and the files afterwards. All rows run with a marked
//! key, which must not appear anywhere, and with limited memory.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use self::row::{Expected, Row, Server, captioned, failed, refused};
use crate::harness::{Run, data_path, file_names};

mod downloads;
mod local;
mod network;
mod raw_server;
mod responses;
mod row;
mod streams;

/// Part of the key that must not appear in any output.
const MARK: &str = "marked-0123456789";
/// The API key, and the password of a proxy.
const KEY: &str = "sk-marked-0123456789";
/// Rows that run at the same time; most of them wait.
const CONCURRENT_ROWS: usize = 8;

/// Results of several rows.
#[derive(Default)]
struct Totals {
    runs: usize,
    keys: usize,
    peak: u64,
}

/// Runs all rows, several at a time, and fails with the list of failed rows.
#[track_caller]
fn check(table: &str, rows: Vec<Row>) {
    let (rows, failures) = (Mutex::new(rows.into_iter()), Mutex::new(Vec::new()));
    let totals = Mutex::new(Totals::default());
    std::thread::scope(|scope| {
        for _ in 0..CONCURRENT_ROWS {
            scope.spawn(|| {
                loop {
                    let Some(row) = rows.lock().unwrap().next() else { return };
                    let name = row.name.clone();
                    match catch_unwind(AssertUnwindSafe(|| row.check())) {
                        Ok(result) => {
                            let mut all = totals.lock().unwrap();
                            all.runs += result.runs;
                            all.keys += result.keys;
                            all.peak = all.peak.max(result.peak);
                        }
                        Err(_) => failures.lock().unwrap().push(name),
                    }
                }
            });
        }
    });
    let (totals, failures) = (totals.into_inner().unwrap(), failures.into_inner().unwrap());
    assert!(failures.is_empty(), "{} rows failed: {failures:#?}", failures.len());
    assert_eq!(totals.keys, 0, "outputs and files with the key");
    println!("{table}: {} faults, no key found, at most {} kB of memory", totals.runs, totals.peak);
}

/// Counts the outputs and files of a run that contain the key.
fn count_keys(ended: &Run, folder: &Path) -> usize {
    let mut outputs = vec![ended.stdout.clone(), ended.stderr.clone()];
    for folder in [folder.to_owned(), folder.join("tmp")] {
        let files = file_names(&folder).into_iter().filter(|name| name != "key");
        let files = files.map(|name| folder.join(name)).filter(|path| path.is_file());
        let content = files.map(|path| fs::read(path).unwrap());
        outputs.extend(content.map(|content| String::from_utf8_lossy(&content).into_owned()));
    }
    outputs.iter().filter(|output| output.contains(MARK)).count()
}

/// Asserts that the library's error of the same fault does not contain the key, in any
/// format.
fn check_library(base_url: &str) {
    use caption::{ApiKey, Audio, Client, ClientOptions, Clip, Observer};
    let mut options = ClientOptions::default();
    base_url.clone_into(&mut options.base_url);
    options.max_retries = 0;
    options.timeout = Duration::from_millis(500);
    let client = Client::new(ApiKey::new(KEY).unwrap(), options).unwrap();
    let audio = Audio::Clip(Clip::open(data_path("tone.wav")).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = runtime.block_on(client.caption(&audio, &Observer::none()));
    let mut text = format!("{client:?} {result:?}");
    if let Err(error) = &result {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
        text.extend(causes.map(|cause| format!("{cause} {cause:#?}")));
    }
    assert!(!text.contains(MARK), "{text}");
}
