//! Flags, environment and `caption.toml`, merged into one command line.
//!
//! Precedence: flags, environment, the project's file, the user's file. An option replaces the same
//! option of a weaker source, and every option there that it conflicts with.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{anyhow, bail, ensure};
use caption::{FolderSearch, Rule};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches};

use super::api_key::KEY_VARIABLES;
use super::captioner::pattern_rules;
use super::file::{self, ConfigFile};
use super::project::{Comparison, Verdict, excludes, is_on};
use super::{environment, ineffective};
use crate::args::{Cli, usage_error, with_brief_help};

/// Options of files that a variable replaces although it does not hold their value.
const REPLACED_BY_VARIABLE: [(&str, &[&str]); 2] =
    [("color", &["NO_COLOR"]), ("api-key-file", &KEY_VARIABLES)];

/// Limit of the number of values in a file: each takes far more memory than its few bytes.
const MAX_VALUES: usize = 4096;

/// Options that decide the path of sidecars.
const SIDECAR_OPTIONS: [&str; 2] = ["sidecar", "output-dir"];

/// Everything that the user and the project set.
pub(crate) struct Settings {
    pub(crate) cli: Cli,
    /// The command line alone.
    pub(super) matches: ArgMatches,
    /// Rules of the files.
    pub(crate) rules: Vec<Rule>,
    /// Folder of the project, if it asks for sidecars, which must then stay there.
    pub(crate) sidecar_limit: Option<PathBuf>,
    /// Notes about what the project's file changes.
    pub(crate) notes: Vec<String>,
}

/// Options of stronger sources, and the arguments that the files add to them.
struct Merge<'a> {
    command: &'a Command,
    given: Vec<&'a Arg>,
    arguments: Vec<OsString>,
    sidecar_limit: Option<PathBuf>,
    notes: Vec<String>,
}

impl Settings {
    /// Merges a command line with the environment and the files. `--help` ends the program here,
    /// and so does a command line that clap refuses.
    pub(crate) fn read(command_line: &[OsString]) -> anyhow::Result<Self> {
        let mut command = command();
        if command_line.iter().any(|argument| argument == "-h") {
            command = with_brief_help(command);
        }
        ineffective::check_repeated(command.clone(), command_line)?;
        // Errors wait: an option that seems to be missing may be in a file.
        let matches = command.clone().ignore_errors(true).get_matches_from(command_line);
        command.build();
        let files = if matches.contains_id("generate") {
            Vec::new()
        } else {
            file::find(matches.get_one("config"))?
        };
        let mut merge = Merge::new(&command, &matches, command_line);
        let mut rules = Vec::new();
        let user = files.iter().find(|file| file.is_trusted());
        for file in &files {
            let own = file.rules()?;
            merge.add(file, user, &own)?;
            rules.splice(0..0, own);
        }
        let Merge { mut arguments, sidecar_limit, mut notes, .. } = merge;
        if is_on(&matches, "quiet") {
            notes.clear();
        }
        arguments.extend(command_line.iter().skip(1).cloned());
        let merged = parse(&command, &arguments, command_line)?;
        Ok(Self { cli: Cli::from_arg_matches(&merged)?, matches, rules, sidecar_limit, notes })
    }
}

impl Settings {
    /// Values of an option on the command line.
    pub(super) fn typed(&self, id: &str) -> Vec<String> {
        let is_typed = self.matches.value_source(id) == Some(ValueSource::CommandLine);
        let values = self.matches.get_many(id).filter(|_| is_typed);
        values.into_iter().flatten().cloned().collect()
    }
}

impl<'a> Merge<'a> {
    fn new(command: &'a Command, matches: &ArgMatches, command_line: &[OsString]) -> Self {
        let is_given = |argument: &&Arg| {
            let source = matches.value_source(argument.get_id().as_str());
            let long = argument.get_long().unwrap_or_default();
            let is_replaced = |(option, names): &(&str, &[&str])| {
                *option == long && names.iter().any(|name| environment::get(name).is_some())
            };
            matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
                || REPLACED_BY_VARIABLE.iter().any(is_replaced)
        };
        Self {
            command,
            given: command.get_arguments().filter(is_given).collect(),
            arguments: command_line.iter().take(1).cloned().collect(),
            sidecar_limit: None,
            notes: Vec::new(),
        }
    }

    /// Adds the options of a file that is weaker than all before it. A project's file is compared
    /// with the user's.
    fn add(
        &mut self,
        file: &ConfigFile,
        user: Option<&ConfigFile>,
        rules: &[Rule],
    ) -> anyhow::Result<()> {
        let mut comparison =
            (!file.is_trusted()).then(|| Comparison::new(self.command, self.own(user)));
        let mut arguments = vec![OsString::new()];
        let (mut added, mut count) = (Vec::new(), 0);
        for (key, value) in file.settings() {
            let argument = file.option(key, self.command)?;
            if self.given.iter().any(|given| excludes(self.command, given, argument)) {
                continue;
            }
            let values = file.arguments(argument, key, value)?;
            count += values.iter().map(|value| value_count(argument, value)).sum::<usize>();
            ensure!(count <= MAX_VALUES, "{}: more than {MAX_VALUES} values", file.name());
            let compare =
                |comparison: &mut Comparison<'_>| comparison.judge(argument, key, &values);
            match comparison.as_mut().map_or(Verdict::Replaces, compare) {
                Verdict::Replaces => added.push(argument),
                Verdict::IsAdded => {}
                Verdict::IsIgnored => continue,
            }
            arguments.extend(values);
            if SIDECAR_OPTIONS.contains(&key) && !file.is_trusted() {
                self.sidecar_limit = Some(file.folder().to_owned());
            }
        }
        self.check(&arguments, rules).map_err(|error| anyhow!("{}: {error}", file.name()))?;
        self.arguments.extend(arguments.drain(1..));
        self.given.extend(added);
        if let Some(comparison) = comparison.filter(|comparison| !comparison.is_quiet()) {
            self.notes = comparison.notes(&file.name());
        }
        Ok(())
    }

    /// The user's own settings without flags. Errors are reported when the file is added.
    fn own(&self, user: Option<&ConfigFile>) -> ArgMatches {
        let arguments = user.into_iter().flat_map(|file| {
            file.settings().flat_map(|(key, value)| {
                let option = file.option(key, self.command).ok();
                option
                    .and_then(|option| file.arguments(option, key, value).ok())
                    .unwrap_or_default()
            })
        });
        let arguments = std::iter::once(OsString::new()).chain(arguments);
        self.command.clone().ignore_errors(true).get_matches_from(arguments)
    }

    /// Checks the arguments of a file alone, so that an error names the file and not the flags.
    fn check(&self, arguments: &[OsString], rules: &[Rule]) -> anyhow::Result<()> {
        let parsed = self.command.clone().try_get_matches_from(arguments);
        let matches = match parsed {
            Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => return Ok(()),
            Err(error) => bail!(usage_error::message(&error, &[])),
            Ok(matches) => matches,
        };
        let all = |id: &str| -> Vec<String> {
            matches.get_many(id).into_iter().flatten().cloned().collect()
        };
        let mut search = FolderSearch::default();
        search.exclude = all("exclude");
        search.check()?;
        pattern_rules(&all("deny"), &all("require"), rules).map(drop)
    }
}

/// Number of values of an option in an argument.
fn value_count(option: &Arg, argument: &OsString) -> usize {
    let is_delimiter = |byte: &&u8| option.get_value_delimiter() == Some(char::from(**byte));
    1 + argument.as_encoded_bytes().iter().filter(is_delimiter).count()
}

/// Grammar of the command line.
fn command() -> Command {
    Cli::command().mut_args(|argument| {
        let name = argument.get_env().map(ToOwned::to_owned);
        let is_blank =
            |name: &OsString| std::env::var_os(name).is_some() && environment::get(name).is_none();
        // A blank variable counts as unset.
        if name.as_ref().is_some_and(is_blank) {
            argument.env(None::<&'static str>)
        } else {
            argument
        }
    })
}

/// Parses the arguments of the files and the flags. `--help` and `--version` end the program here.
fn parse(
    command: &Command,
    arguments: &[OsString],
    command_line: &[OsString],
) -> anyhow::Result<ArgMatches> {
    match command.clone().try_get_matches_from(arguments) {
        Err(error) if error.use_stderr() => bail!(usage_error::message(&error, command_line)),
        parsed => Ok(parsed.unwrap_or_else(|error| error.exit())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use support::random::{cases, mutated};

    use super::*;

    const VALID: &str = "
format = ['jsonl']
jobs = 8
timeout = '90s'
rate = '5/s'
max-upload = '5MB'
window = '30s'
max-spend = 2.5
quiet = true
exclude = ['old/', '*.tmp.wav']
[[rule]]
name = 'no speech'
deny = '\\b(speech|voice)\\b'
severity = 'warning'
reason = 'sound effects only'
paths = ['sfx/**', '!x']
[[rule]]
loudness = { min = -30, max = -10.5 }
[[rule]]
channels = [1, 2]
";

    #[test]
    fn a_mutated_file_is_read_or_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("caption.toml");
        let args = ["caption", "--config", path.to_str().unwrap(), "a.wav"].map(OsString::from);
        cases(|random| {
            fs::write(&path, mutated(random, VALID.as_bytes())).unwrap();
            if let Err(error) = Settings::read(&args) {
                let message = format!("{error:#}");
                assert!(message.contains("caption.toml"), "{message}");
            }
        });
    }
}
