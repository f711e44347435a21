//! Many inputs to outcomes in the order of the inputs.

use futures_util::stream::{self, Stream, StreamExt};

use crate::caption::Outcome;
use crate::captioner::Captioner;
use crate::input::Input;
use crate::watch::Watch;

/// Captions the inputs, `jobs` at a time; dropping the stream drops what is under way.
pub fn run<'a>(
    captioner: &'a Captioner,
    inputs: impl IntoIterator<Item = Input, IntoIter: 'a>,
    jobs: usize,
    watch: &'a Watch,
) -> impl Stream<Item = Outcome> + 'a {
    stream::iter(inputs).map(|input| captioner.caption(input, watch)).buffered(jobs.max(1))
}
