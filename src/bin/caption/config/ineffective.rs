//! Options on the command line that are repeated or have no effect.

use std::ffi::OsString;
use std::path::Path;

use anyhow::bail;
use caption::{leads_to_several, path_name};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Command};

use super::precedence::Settings;
use crate::args::Cli;
use crate::args::values::ReportOption;
use crate::render::FormatKind;

/// Options of which only one value can count. Another one would drop an input, an output, a limit
/// or a key.
const SINGLE: [&str; 10] = [
    "manifest",
    "output",
    "output_dir",
    "sidecar",
    "files_from",
    "config",
    "api_key_file",
    "cacert",
    "shard",
    "max_spend",
];

/// Fails if one of these options is given twice with different values.
pub(super) fn check_repeated(command: Command, command_line: &[OsString]) -> anyhow::Result<()> {
    let command = SINGLE
        .iter()
        .fold(command, |command, id| command.mut_arg(id, |arg| arg.action(ArgAction::Append)));
    let Ok(matches) = command.ignore_errors(true).try_get_matches_from(command_line) else {
        // The parser of the settings reports it.
        return Ok(());
    };
    for id in SINGLE.into_iter().filter(|id| is_typed(&matches, id)) {
        let mut values = matches.get_raw(id).into_iter().flatten();
        // An invalid value is missing here.
        let Some(first) = values.next() else { continue };
        let Some(other) = values.find(|value| *value != first) else { continue };
        let option = option_name(id);
        if id == "api_key_file" {
            bail!("{option} is given twice; name one");
        }
        let [first, other] = [first, other].map(|value| path_name(Path::new(value)));
        bail!("{option} is given twice ({first}, {other}); name one");
    }
    Ok(())
}

/// Fails if an operand is the pattern of `--sidecar`, which is joined with `=`.
pub(crate) fn check_pattern(cli: &Cli) -> anyhow::Result<()> {
    let operands = cli.inputs.iter().filter(|operand| !Path::new(operand).exists());
    let mut operands = operands.filter_map(|operand| operand.to_str());
    match operands.find(|operand| is_pattern(operand)) {
        Some(pattern) if cli.output.sidecar.is_some() => {
            bail!("no such file; a pattern is joined with =: --sidecar='{pattern}'")
        }
        _ => Ok(()),
    }
}

/// True for a text with a placeholder of sidecar names.
fn is_pattern(operand: &str) -> bool {
    ["{stem}", "{name}", "{ext}"].iter().any(|placeholder| operand.contains(placeholder))
        && !operand.contains("://")
}

/// Warnings about options on the command line that have no effect.
pub(crate) fn warnings(settings: &Settings) -> Vec<String> {
    let Settings { cli, matches, .. } = settings;
    let is_several = cli.inputs.len() > 1 || searches(cli);
    let formats: &[FormatKind] =
        if cli.output.json { &[FormatKind::Json] } else { &cli.output.formats };
    let writes_sidecars = cli.output.sidecar.is_some() || cli.output.output_dir.is_some();
    let keeps_nothing = cli.cache.manifest.is_none() && !writes_sidecars;
    let is_json = formats.iter().all(|format| *format == FormatKind::Json);
    let is_written = cli.output.output.as_ref().is_some_and(|path| path.as_os_str() != "-");
    let other_format = formats.iter().find(|format| **format != FormatKind::Text);
    let with_stream = [
        is_several.then_some("several inputs"),
        cli.output.sidecar.is_some().then_some("--sidecar"),
        cli.output.output_dir.is_some().then_some("--output-dir"),
        is_written.then_some("--output"),
        cli.audio.window.is_some().then_some("--window"),
        cli.output.sentences.is_some().then_some("--sentences"),
        other_format.map(|format| format.extension()),
    ];
    let with_stream = with_stream.into_iter().flatten().next();
    let dry_run = cli.spend.dry_run.then_some("a dry run");
    let with_json = is_json.then_some("json").or(dry_run);
    let with_named_files = (!searches(cli)).then_some("files that are named");
    let ineffective = [
        ("prepend", with_json),
        ("append", with_json),
        ("sentences", with_json),
        // It decides which sidecars are there.
        ("format", dry_run.filter(|_| !writes_sidecars)),
        ("json", dry_run.filter(|_| !writes_sidecars)),
        ("stream", with_stream.or(dry_run).filter(|_| cli.service.stream)),
        ("exclude", with_named_files),
        ("hidden", with_named_files),
        ("no_ignore", with_named_files),
        ("overwrite", (!writes_sidecars).then_some("no sidecars")),
        ("refresh", cli.cache.manifest.is_none().then_some("no manifest")),
        ("force", keeps_nothing.then_some("neither manifest nor sidecars")),
        ("output", dry_run),
    ];
    let ineffective = ineffective.into_iter().filter(|(id, _)| is_typed(matches, id));
    let ineffective = ineffective
        .filter_map(|(id, with)| Some(format!("{} has no effect with {}", option_name(id), with?)));
    ineffective.chain(repeated_reports(matches)).collect()
}

/// True if inputs are searched for.
fn searches(cli: &Cli) -> bool {
    cli.search.files_from.is_some() || cli.inputs.iter().any(|operand| leads_to_several(operand))
}

/// Warnings about reports of the same kind in the same file, by default or by name.
fn repeated_reports(matches: &ArgMatches) -> Vec<String> {
    let texts = matches.get_raw("report").into_iter().flatten();
    let reports: Vec<&ReportOption> = matches.get_many("report").into_iter().flatten().collect();
    let repeated = texts.enumerate().filter(|(at, _)| reports[..*at].contains(&reports[*at]));
    repeated.map(|(_, text)| format!("--report {} is given twice", text.display())).collect()
}

fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

fn option_name(id: &str) -> String {
    format!("--{}", id.replace('_', "-"))
}
