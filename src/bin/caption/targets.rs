//! What a run writes to, and what must not be there.

use std::path::Path;

use anyhow::bail;
use caption::error::Error;
use caption::input::is_audio_name;

use super::cli::Cli;
use super::paths::is_same;
use super::report_option::ReportOption;

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

/// What is written must not be what is read, nor two things to one file.
pub(crate) fn refuse_to_ruin(cli: &Cli) -> anyhow::Result<()> {
    let reports = reports(cli);
    let reports = reports.iter().filter_map(|report| report.file.as_deref());
    let (output, manifest) = (cli.output.output.as_deref(), cli.known.manifest.as_deref());
    let written: Vec<_> = [output, manifest].into_iter().flatten().chain(reports).collect();
    for (index, path) in written.iter().enumerate() {
        // A link is followed when it is written to.
        let target = path.canonicalize().unwrap_or_else(|_| (*path).to_owned());
        let is_audio = is_audio_name(path) || is_audio_name(&target);
        if is_audio || cli.inputs.iter().any(|input| is_same(Path::new(input), path)) {
            return Err(Error::OverSound { path: (*path).to_owned() }.into());
        }
        // A device may well be shared.
        let is_file = path.is_file() || !path.exists();
        if is_file && written[..index].iter().any(|other| is_same(other, path)) {
            bail!("two things would be written to {}", path.display());
        }
    }
    Ok(())
}
