//! Files that options name, for the overwrite check.

use std::path::Path;

use crate::args::Cli;
use crate::args::report::ReportOption;
use crate::config::file::FILE;
use crate::render::overwrite::OverwriteCheck;

/// Reports without duplicates.
pub(super) fn reports(cli: &Cli) -> Vec<ReportOption> {
    let mut reports: Vec<ReportOption> = Vec::new();
    for report in &cli.audit.report {
        if !reports.contains(report) {
            reports.push(report.clone());
        }
    }
    reports
}

/// Fails if an option names an output that would overwrite another file of the run.
pub(super) fn check(cli: &Cli) -> anyhow::Result<OverwriteCheck> {
    let mut check = OverwriteCheck::default();
    for operand in &cli.inputs {
        check.add_input(Path::new(operand));
    }
    let read = [&cli.search.files_from, &cli.service.api_key_file, &cli.general.config];
    for path in read.into_iter().flatten() {
        check.add_read(path);
    }
    check.add_read(Path::new(FILE));
    // A dash is standard output.
    let output = cli.output.output.as_deref().filter(|path| path.as_os_str() != "-");
    let reports = reports(cli);
    let reports = reports.iter().filter_map(|report| report.file.as_deref());
    for path in output.into_iter().chain(cli.cache.manifest.as_deref()).chain(reports) {
        check.add_output(path)?;
    }
    Ok(check)
}
