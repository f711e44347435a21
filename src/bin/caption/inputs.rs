//! From operands and list to a stream of inputs of this shard, found while the first ones are
//! captioned.

use std::io::{self, BufRead, BufReader};
use std::iter::{empty, from_fn, once};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::Context;
use caption::{
    Error, FolderSearch, Input, InputError, Rule, Source, TextFile, dedup, dedup_with_names,
    path_name, read_list,
};
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;

use crate::config::input::InputConfig;
use crate::render::digest;
use crate::rule_coverage::RuleCoverage;

/// Input, or an error for a folder or list that could not be read.
pub(crate) type InputResult = Result<Input, InputError>;

/// Lazy sequence of inputs.
pub(crate) type InputIter = Box<dyn Iterator<Item = InputResult> + Send>;

/// Maximum of inputs that the search runs ahead of the captions.
const MAX_AHEAD: usize = 4096;

/// One of several equal parts of a set of inputs, one for each machine.
///
/// The name of an input decides: no machine reads files of other shards, and adding files moves
/// none. All machines must use the same names, with the same relative paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    number: u64,
    count: u64,
}

impl Shard {
    /// True if the input belongs to this shard. It belongs to exactly one.
    pub(crate) fn contains(&self, input: &Input) -> bool {
        digest(input.name.as_bytes()) % u128::from(self.count) == u128::from(self.number - 1)
    }
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').map(|(number, count)| (number.parse(), count.parse()));
        match numbers {
            Some((Ok(number), Ok(count))) if 1 <= number && number <= count => {
                Ok(Self { number, count })
            }
            _ => Err("K/N with K from 1 to N, such as 2/8"),
        }
    }
}

/// Number of inputs found so far, and the rules that they met.
pub(crate) struct InputCount {
    pub(crate) rules: RuleCoverage,
    found: AtomicUsize,
    of_this_shard: AtomicUsize,
    is_complete: AtomicBool,
}

impl InputCount {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        Self {
            rules: RuleCoverage::new(rules),
            found: AtomicUsize::new(0),
            of_this_shard: AtomicUsize::new(0),
            is_complete: AtomicBool::new(false),
        }
    }

    /// True if nothing was found, in this shard or another.
    pub(crate) fn is_zero(&self) -> bool {
        self.found.load(Ordering::Relaxed) == 0
    }

    /// Number of inputs of this shard, once the search has ended.
    pub(crate) fn total(&self) -> Option<usize> {
        let is_complete = self.is_complete.load(Ordering::Acquire);
        is_complete.then(|| self.of_this_shard.load(Ordering::Relaxed))
    }
}

/// Inputs of this shard, each file once. An unusable operand or list is an error at once; the
/// search itself is lazy.
pub(crate) fn find(config: &InputConfig, count: &Arc<InputCount>) -> anyhow::Result<InputIter> {
    let operands = operands(config)?;
    let listed = match &config.list {
        Some(path) => listed(path, config)?,
        None => Box::new(empty()),
    };
    let (shard, counted, completed) = (config.shard, count.clone(), count.clone());
    let found = report_empty(operands.chain(listed), config.allow_empty);
    // Rules with paths apply to all names of a file.
    let found: InputIter = if count.rules.is_empty() {
        Box::new(dedup(found))
    } else {
        Box::new(dedup_with_names(found))
    };
    let of_this_shard = found.filter(move |found| {
        counted.rules.visit(found);
        counted.found.fetch_add(1, Ordering::Relaxed);
        let is_in_shard = match (shard, found) {
            (Some(shard), Ok(input)) => shard.contains(input),
            _ => true,
        };
        if is_in_shard {
            counted.of_this_shard.fetch_add(1, Ordering::Relaxed);
        }
        is_in_shard
    });
    Ok(Box::new(of_this_shard.chain(from_fn(move || {
        completed.is_complete.store(true, Ordering::Release);
        None
    }))))
}

/// Inputs of the operands. Folders are searched one after the other, since each search holds its
/// compiled globs and ignore files.
fn operands(config: &InputConfig) -> anyhow::Result<impl Iterator<Item = InputResult> + use<>> {
    let operands = config.operands.iter().map(Input::parse).collect::<Result<Vec<_>, _>>()?;
    for operand in &operands {
        drop(config.search.expand(operand.clone())?);
    }
    let search = config.search.clone();
    Ok(operands.into_iter().flat_map(move |operand| {
        let name = operand.name.clone();
        search.expand(operand).unwrap_or_else(|error| failed(name, error))
    }))
}

/// Inputs of a list.
fn listed(path: &Path, config: &InputConfig) -> anyhow::Result<InputIter> {
    let (search, is_stdin) = (config.search.clone(), path.as_os_str() == "-");
    let list = read_list(open_list(path)?, config.is_nul_separated, &path_name(path));
    Ok(Box::new(list.flat_map(move |entry| expand_entry(entry, &search, is_stdin))))
}

fn failed(name: String, error: Error) -> InputIter {
    Box::new(once(Err(InputError::new(name, error))))
}

/// Reports folders and globs without audio only beside other inputs: a run without any input fails
/// as a whole.
fn report_empty(
    found: impl Iterator<Item = InputResult>,
    allow_empty: bool,
) -> impl Iterator<Item = InputResult> {
    let (mut held_back, mut has_others) = (Vec::new(), false);
    let is_empty = |found: &InputResult| {
        found.as_ref().is_err_and(|failed| matches!(failed.error, Error::NothingFound { .. }))
    };
    let found = found.filter(move |found| !(allow_empty && is_empty(found)));
    found.flat_map(move |found| {
        if !has_others && is_empty(&found) {
            held_back.push(found);
            return Vec::new().into_iter().chain(None);
        }
        has_others = true;
        std::mem::take(&mut held_back).into_iter().chain(Some(found))
    })
}

/// Inputs of one entry of a list: the entry itself, or the files of a folder.
fn expand_entry(entry: InputResult, search: &FolderSearch, is_stdin: bool) -> InputIter {
    let input = match entry {
        Ok(input) => input,
        Err(error) => return Box::new(once(Err(error))),
    };
    let name = input.name.clone();
    if is_stdin && input.source == Source::Stdin {
        return failed(name, Error::NotAFile { what: "the list itself" });
    }
    search.expand_folder(input).unwrap_or_else(|error| failed(name, error))
}

fn open_list(path: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = TextFile::open_any(path);
    let file = file.with_context(|| format!("could not open the list {}", path_name(path)))?;
    Ok(Box::new(BufReader::new(file.into_file())))
}

/// Searches on a separate thread, since folders and pipes may block.
pub(crate) fn in_background(found: InputIter) -> impl Stream<Item = InputResult> {
    let (sender, mut receiver) = mpsc::channel(MAX_AHEAD);
    std::thread::spawn(move || {
        for found in found {
            if sender.blocking_send(found).is_err() {
                return;
            }
        }
    });
    stream::poll_fn(move |context| receiver.poll_recv(context))
}
