//! What a run writes to, and what must not be there.

use std::path::{Path, PathBuf};

use anyhow::bail;
use caption::audio::Clip;
use caption::error::Error;
use caption::input::is_audio_name;

use crate::args::Cli;
use crate::args::report::ReportOption;
use crate::config::file::FILE;
use crate::config::paths::is_same;

/// The same one twice is one.
pub(crate) fn reports(cli: &Cli) -> Vec<ReportOption> {
    let mut reports: Vec<ReportOption> = Vec::new();
    for report in &cli.audit.report {
        if !reports.contains(report) {
            reports.push(report.clone());
        }
    }
    reports
}

/// Fails where a run would write over a sound, over what it reads, or twice to one file.
pub(crate) fn check_overwrites(cli: &Cli) -> anyhow::Result<()> {
    let reports = reports(cli);
    let reports = reports.iter().filter_map(|report| report.file.as_deref());
    // A dash is standard output, or standard input.
    let is_file = |path: &&Path| path.as_os_str() != "-";
    let output = cli.output.output.as_deref().filter(is_file);
    let manifest = cli.known.manifest.as_deref();
    let written: Vec<_> = [output, manifest].into_iter().flatten().chain(reports).collect();
    let read = [&cli.search.files_from, &cli.service.api_key_file, &cli.general.config];
    let read: Vec<_> = read.into_iter().flatten().map(PathBuf::as_path).collect();
    for (index, path) in written.iter().enumerate() {
        if is_sound(path) || cli.inputs.iter().any(|input| is_same(Path::new(input), path)) {
            return Err(Error::OverwritesInput { path: (*path).to_owned() }.into());
        }
        // A device may well be shared.
        if path.exists() && !path.is_file() {
            continue;
        }
        if read.iter().chain([&Path::new(FILE)]).any(|read| is_same(read, path)) {
            bail!("{} is read and would be written over", path.display());
        }
        if written[..index].iter().any(|other| is_same(other, path)) {
            bail!("two things would be written to {}", path.display());
        }
    }
    Ok(())
}

/// By its name, where it leads, or what is in it.
fn is_sound(path: &Path) -> bool {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    is_audio_name(path) || is_audio_name(&target) || path.is_file() && Clip::open(path).is_ok()
}
