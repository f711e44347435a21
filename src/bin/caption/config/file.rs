//! `caption.toml`: options and rules that nobody wants to type each time.
//!
//! A key is an option's long name. What is typed beats the environment, that beats the project's
//! file, and that the user's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory, FromArgMatches, ValueHint};
use toml::{Table, Value};

use crate::args::Cli;
use crate::args::parse::{first_line, parse_args};
use crate::args::report::spelled_out;
use crate::args::suggest::suggest;
use crate::args::values::{Generated, parse_usd};
use crate::config::environment::Environment;
use crate::config::paths::{is_inside, is_within};
use crate::config::rules;
use crate::render::overwrite::is_same_file;

/// The file's name, beside the work and in the user's folder for configuration.
pub(crate) const FILE: &str = "caption.toml";

/// Longer files are none of ours, in bytes.
const LONGEST: u64 = 256 * 1024;

/// Options that make no sense in a file.
const TYPED_ONLY: [&str; 4] = ["config", "generate", "help", "version"];

/// Options that a folder somebody else made must not set: they say where the key goes, and what
/// else is read and paid for.
const TRUSTED_ONLY: [&str; 6] =
    ["base-url", "api-key-file", "allow-http", "files-from", "proxy", "cacert"];

/// Variables that stand for an option.
const VARIABLES: [(&str, &[&str]); 4] = [
    ("color", &["NO_COLOR"]),
    ("model", &["CAPTION_MODEL"]),
    ("base-url", &["AIMLAPI_BASE_URL"]),
    ("api-key-file", &crate::config::api_key::KEY_VARIABLES),
];

/// A file of settings.
struct File {
    path: PathBuf,
    table: Table,
    /// Whether it lies in the user's own folder or was named.
    is_trusted: bool,
}

/// A setting and the file that it stands in.
struct Setting<'a> {
    value: &'a Value,
    file: &'a File,
}

/// The command line together with what the files add to it.
pub(crate) fn read(typed: &[OsString], environment: &Environment) -> anyhow::Result<Cli> {
    let parsed = Cli::command().try_get_matches_from(typed);
    let matches = match &parsed {
        Ok(matches) => matches.clone(),
        // What is missing may stand in a file; what is wrong is told at the end.
        Err(_) => Cli::command().ignore_errors(true).get_matches_from(typed),
    };
    let files = match matches.get_one::<Generated>("generate") {
        Some(_) => Vec::new(),
        None => files(matches.get_one::<PathBuf>("config").map(PathBuf::as_path))?,
    };
    if files.is_empty() {
        return Ok(Cli::from_arg_matches(&parse_args(parsed, typed)?)?);
    }
    let mut command = Cli::command();
    let mut settings = BTreeMap::new();
    let mut rules = Vec::new();
    for file in &files {
        for (key, value) in &file.table {
            if key == "rule" {
                rules.extend(rules::rules(value).with_context(|| file.name())?);
                continue;
            }
            let before = settings.insert(key.as_str(), Setting { value, file });
            // A project may spend less than its user allows, and not more.
            if let Some(before) = before.filter(|before| before.is_a_smaller_limit(key, value)) {
                settings.insert(key, before);
            }
        }
    }
    command.build();
    let mut arguments = vec![typed.first().cloned().unwrap_or_default()];
    let mut project = None;
    let of_project: Vec<_> = settings
        .iter()
        .filter(|(_, setting)| !setting.file.is_trusted)
        .map(|(key, setting)| setting.argument(key, &command))
        .collect::<Result<_, _>>()?;
    for (key, setting) in settings {
        let argument = setting.argument(key, &command)?;
        let is_in_conflict = |other: &&Arg| is_in_conflict(argument, other, &command);
        let is_overruled = setting.file.is_trusted && of_project.iter().any(is_in_conflict);
        if !is_overruled && !is_overridden(key, argument, &matches, &command, environment) {
            arguments.extend(setting.as_typed(key, argument)?);
            if ["sidecar", "output-dir"].contains(&key) && !setting.file.is_trusted {
                project = Some(setting.file.folder().to_owned());
            }
        }
    }
    let cli = together(arguments, typed)?;
    Ok(Cli { rules, project, ..cli })
}

/// What the files say, and after it what was typed.
fn together(mut arguments: Vec<OsString>, typed: &[OsString]) -> anyhow::Result<Cli> {
    // On its own at first, so that what is wrong with a file is not told of what was typed.
    if let Err(error) = Cli::command().try_get_matches_from(&arguments)
        && error.kind() != ErrorKind::MissingRequiredArgument
    {
        bail!("{FILE}: {}", first_line(&error));
    }
    arguments.extend(typed.iter().skip(1).cloned());
    let matches = parse_args(Cli::command().try_get_matches_from(arguments), typed)?;
    Ok(Cli::from_arg_matches(&matches)?)
}

/// The user's file and the project's, or the one that was named in place of both.
fn files(named: Option<&Path>) -> anyhow::Result<Vec<File>> {
    if let Some(path) = named {
        let file = File::read(path, true)?;
        let file = file.with_context(|| format!("{}: no such file", path.display()))?;
        return Ok(vec![file]);
    }
    let of_user = dirs::config_dir().map(|folder| folder.join("caption").join(FILE));
    // In the user's own folder, the project's file is the user's.
    let of_project = PathBuf::from(FILE);
    let is_own = of_user.as_deref().is_some_and(|path| is_same_file(path, &of_project));
    let of_project = Some(of_project).filter(|_| !is_own);
    let places = of_user.into_iter().map(|path| (path, true));
    let places = places.chain(of_project.into_iter().map(|path| (path, false)));
    places.filter_map(|(path, is_trusted)| File::read(&path, is_trusted).transpose()).collect()
}

impl File {
    fn read(path: &Path, is_trusted: bool) -> anyhow::Result<Option<Self>> {
        let name = || path.display().to_string();
        match fs::metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(metadata) if !metadata.is_file() => bail!("{}: not a file", name()),
            Ok(metadata) if metadata.len() > LONGEST => bail!("{}: more than 256 kB", name()),
            _ => {}
        }
        let text = fs::read_to_string(path).with_context(name)?;
        let table = text.parse().map_err(|e: toml::de::Error| {
            let line = e.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            anyhow!("{}, line {line}: {}", name(), e.message())
        })?;
        Ok(Some(Self { path: path.to_owned(), table, is_trusted }))
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

impl Setting<'_> {
    fn is_a_smaller_limit(&self, key: &str, than: &Value) -> bool {
        let number = |value: &Value| match value {
            Value::Integer(number) => number.to_string().parse().ok(),
            Value::Float(number) => Some(*number),
            Value::String(text) => parse_usd(text).ok(),
            _ => None,
        };
        let (own, other): (Option<f64>, Option<f64>) = (number(self.value), number(than));
        key == "max-spend" && own.is_some_and(|own| other.is_none_or(|other| own < other))
    }

    /// The option that a key stands for.
    fn argument<'c>(&self, key: &str, command: &'c Command) -> anyhow::Result<&'c Arg> {
        let long = |arg: &&Arg| arg.get_long() == Some(key) && !TYPED_ONLY.contains(&key);
        let Some(argument) = command.get_arguments().find(long) else {
            let known = command.get_arguments().filter_map(Arg::get_long).chain(["rule"]);
            let known = known.filter(|known| !TYPED_ONLY.contains(known));
            bail!("{}: unknown key `{key}`{}", self.file.name(), suggest(key, known));
        };
        if TRUSTED_ONLY.contains(&key) && !self.file.is_trusted {
            bail!(
                "{}: {key} is not taken from a project, which does not say where the key goes or \
                 what else is read: name the file with --config, or use your own",
                self.file.name()
            );
        }
        Ok(argument)
    }

    /// What it would look like typed.
    fn as_typed(&self, key: &str, argument: &Arg) -> anyhow::Result<Vec<OsString>> {
        let takes_value = argument.get_action().takes_values();
        let may_be_bare = argument.get_num_args().is_some_and(|count| count.min_values() == 0);
        let values = match self.value {
            Value::Boolean(true) if !takes_value || may_be_bare => {
                return Ok(vec![format!("--{key}").into()]);
            }
            Value::Boolean(false) if !takes_value || may_be_bare => return Ok(Vec::new()),
            Value::Array(values) if takes_value => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        values.iter().map(|value| self.one(key, value, argument)).collect()
    }

    fn one(&self, key: &str, value: &Value, argument: &Arg) -> anyhow::Result<OsString> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => bail!("{}: {key} takes no {}", self.file.name(), value.type_str()),
        };
        let is_path = matches!(argument.get_value_hint(), ValueHint::AnyPath) && text != "-";
        if key == "sidecar" && !self.file.is_trusted && !is_inside(Path::new(&text)) {
            bail!("{}: {key} leads out of the project", self.file.name());
        }
        let mut typed = OsString::from(format!("--{key}="));
        match spelled_out(&text) {
            (kind, Some(file)) if key == "report" => {
                typed.push(format!("{kind}="));
                typed.push(self.path(key, file)?);
            }
            _ if is_path => typed.push(self.path(key, &text)?),
            _ => typed.push(text),
        }
        Ok(typed)
    }

    /// Relative to the file; within its folder, where somebody else may have written it.
    fn path(&self, key: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = Path::new(text);
        let folder = self.file.folder();
        let place = folder.join(path);
        let is_fine = self.file.is_trusted || (is_inside(path) && is_within(&place, folder));
        if !is_fine {
            bail!("{}: {key} leads out of the project", self.file.name());
        }
        Ok(place)
    }
}

/// Whether something that is typed, or in the environment, stands in place of a setting.
fn is_overridden(
    key: &str,
    argument: &Arg,
    matches: &ArgMatches,
    command: &Command,
    environment: &Environment,
) -> bool {
    let is_typed = |argument: &Arg| {
        let id = argument.get_id().as_str();
        matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    let is_in_environment = VARIABLES.iter().any(|(option, names)| {
        *option == key && names.iter().any(|name| environment.get(name).is_some())
    });
    is_typed(argument)
        || command
            .get_arguments()
            .any(|other| is_typed(other) && is_in_conflict(argument, other, command))
        || is_in_environment
}

/// Whether two options cannot be together; either may be the one that says so.
fn is_in_conflict(one: &Arg, other: &Arg, command: &Command) -> bool {
    let with = |one, other: &Arg| command.get_arg_conflicts_with(one).contains(&other);
    with(one, other) || with(other, one)
}
