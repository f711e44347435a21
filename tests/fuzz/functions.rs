//! Functions that the fuzz targets call with any content, and the tests with fixed content.

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use caption::{
    Captioner, CaptionerOptions, Clip, Convert, Error, ErrorKind, Input, Manifest, Observer,
    UploadOptions, dedup, read_list,
};
use tempfile::NamedTempFile;
use tokio::runtime;

/// Clip with captions in the seeds of the manifest.
const TONE: &[u8] = include_bytes!("../data/tone.wav");

/// Length of windows: the shortest that is allowed.
const WINDOW: Duration = Duration::from_secs(1);

/// Detects the format and hashes the content.
pub fn probe(content: &[u8]) {
    check(open(content).and_then(|clip| {
        assert_eq!(clip.len(), content.len() as u64);
        assert!(clip.format().seconds.is_none_or(|seconds| seconds.is_finite() && seconds >= 0.0));
        clip.sha256().map(drop)
    }));
}

/// Prepares an upload, unchanged where the service takes the format.
pub fn decode(content: &[u8]) {
    let upload = UploadOptions::default();
    check(open(content).and_then(|clip| clip.prepare(&upload).map(drop)));
}

/// Converts to WAV.
pub fn convert(content: &[u8]) {
    let upload = UploadOptions::default().convert(Convert::Always);
    check(open(content).and_then(|clip| {
        let converted = clip.prepare(&upload)?;
        assert_eq!(converted.format().container, "wav");
        Ok(())
    }));
}

/// Splits into windows.
pub fn windows(content: &[u8]) {
    let upload = UploadOptions::default().window(WINDOW).measures(true);
    check(open(content).and_then(|clip| {
        let mut last_end = 0.0;
        for window in upload.windows(&clip)? {
            let (range, _) = window?;
            assert!(range.start >= last_end - 1e-9 && range.end > range.start, "{range:?}");
            last_end = range.end;
        }
        Ok(())
    }));
}

/// Measures the levels.
pub fn measure(content: &[u8]) {
    check(open(content).and_then(|clip| {
        let levels = caption::measure(&clip)?.levels;
        let peak = levels.and_then(|levels| levels.peak_dbfs);
        assert!(peak.is_none_or(f64::is_finite));
        Ok(())
    }));
}

fn open(content: &[u8]) -> Result<Clip, Error> {
    Clip::spool(content, None)
}

/// Fails unless the content is at fault.
fn check(result: Result<(), Error>) {
    if let Err(error) = result {
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    }
}

/// Reads a list in both forms.
pub fn list(content: &[u8]) {
    for is_nul_separated in [false, true] {
        let inputs = read_list(content, is_nul_separated, "list");
        for input in dedup(inputs) {
            assert!(!input.map_or_else(|error| error.name, |input| input.name).is_empty());
        }
    }
}

/// Looks the caption of a clip up in a manifest, whole and in windows.
pub fn manifest(content: &[u8]) {
    static CLIP: OnceLock<NamedTempFile> = OnceLock::new();
    let clip = CLIP.get_or_init(|| file(TONE));
    let manifest = file(content);
    for window in [None, Some(WINDOW)] {
        let Ok(manifest) = Manifest::open(manifest.path()) else { return };
        let options = CaptionerOptions::default().upload(UploadOptions::default().window(window));
        let captioner = Captioner::new(options).with_cache(manifest);
        let input = Input::parse(clip.path()).expect("a path is an input");
        let runtime = runtime::Builder::new_current_thread().build().expect("a runtime");
        let outcome = runtime.block_on(captioner.caption(input, &Observer::none()));
        assert!(
            outcome.error().is_none_or(|error| error.kind() == ErrorKind::Offline),
            "{outcome:?}"
        );
    }
}

fn file(content: &[u8]) -> NamedTempFile {
    let file = NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), content).expect("a temporary file");
    file
}
