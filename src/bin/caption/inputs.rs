//! From the command line to a stream of inputs, found while the first ones are captioned.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, bail};
use caption::{Error, FolderSearch, Input, InputError, Source, dedup, read_list};
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;

use crate::args::Cli;

/// Result of the search: an input, or a folder or list that could not be read.
pub(crate) type InputResult = Result<Input, InputError>;

/// Lazy sequence of inputs.
pub(crate) type InputIter = Box<dyn Iterator<Item = InputResult> + Send>;

/// How far the search may run ahead of the captions.
const AHEAD: usize = 4096;

/// How many inputs were found so far, and whether that is all.
#[derive(Default)]
pub(crate) struct Count {
    found: AtomicUsize,
    of_this_shard: AtomicUsize,
    is_complete: AtomicBool,
}

impl Count {
    /// Nothing was found, in this shard or another.
    pub(crate) fn is_zero(&self) -> bool {
        self.found.load(Ordering::Relaxed) == 0
    }

    /// The number of inputs, once it is known.
    pub(crate) fn total(&self) -> Option<usize> {
        let is_complete = self.is_complete.load(Ordering::Acquire);
        is_complete.then(|| self.of_this_shard.load(Ordering::Relaxed))
    }
}

/// The inputs, looked for one by one. What is wrong with the operands is told at once.
pub(crate) fn search(cli: &Cli, count: &Arc<Count>) -> anyhow::Result<InputIter> {
    let mut search = FolderSearch::default();
    search.hidden = cli.search.hidden;
    search.no_ignore = cli.search.no_ignore;
    search.exclude.clone_from(&cli.search.exclude);
    search.check()?;

    let mut found: InputIter = Box::new(std::iter::empty());
    for operand in &cli.inputs {
        found = Box::new(found.chain(search.expand(Input::parse(operand)?)?));
    }
    if let Some(path) = &cli.search.files_from {
        let is_stdin = path.as_os_str() == "-";
        if is_stdin && cli.inputs.iter().any(|operand| operand == "-") {
            bail!("standard input cannot be both the list and a sound");
        }
        let is_nul_separated = cli.search.null;
        let list = read_list(open_list(path)?, is_nul_separated, &path.to_string_lossy());
        found = Box::new(found.chain(list.flat_map(move |entry| listed(entry, &search, is_stdin))));
    }
    let (shard, count) = (cli.search.shard, count.clone());
    Ok(Box::new(dedup(found).filter(move |found| {
        count.found.fetch_add(1, Ordering::Relaxed);
        let is_ours = match (shard, found) {
            (Some(shard), Ok(input)) => shard.contains(input),
            _ => true,
        };
        if is_ours {
            count.of_this_shard.fetch_add(1, Ordering::Relaxed);
        }
        is_ours
    })))
}

/// What an entry of a list leads to: itself, or what is in a folder.
fn listed(entry: InputResult, search: &FolderSearch, is_stdin: bool) -> InputIter {
    let input = match entry {
        Ok(input) => input,
        Err(lost) => return Box::new(std::iter::once(Err(lost))),
    };
    let name = input.name.clone();
    if is_stdin && input.source == Source::Stdin {
        let what = "the list itself";
        return Box::new(std::iter::once(Err(InputError::new(name, Error::NotAFile { what }))));
    }
    let expanded = search.expand_folder(input);
    expanded.unwrap_or_else(|error| Box::new(std::iter::once(Err(InputError::new(name, error)))))
}

fn open_list(path: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path);
    let file = file.with_context(|| format!("could not open the list {}", path.display()))?;
    Ok(Box::new(BufReader::new(file)))
}

/// Searches on a thread of its own, since folders and pipes may keep it waiting.
pub(crate) fn in_background(
    found: InputIter,
    count: Arc<Count>,
) -> impl Stream<Item = InputResult> {
    let (sender, mut receiver) = mpsc::channel(AHEAD);
    std::thread::spawn(move || {
        for found in found {
            if sender.blocking_send(found).is_err() {
                return;
            }
        }
        count.is_complete.store(true, Ordering::Release);
    });
    stream::poll_fn(move |context| receiver.poll_recv(context))
}

/// All inputs at once, for what has to know them before the first request.
pub(crate) fn at_once(found: InputIter, count: &Count) -> Vec<InputResult> {
    let all = found.collect();
    count.is_complete.store(true, Ordering::Release);
    all
}
