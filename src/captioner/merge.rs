//! Joins the answers of all windows of a file.

use crate::client::{Answer, Stop, Usage};
use crate::error::{Effect, Error, ErrorKind, Received, add};

/// Joins the answers in the order of their windows, or returns the highest-ranking error with all
/// that was received.
pub(super) fn join(results: Vec<Result<Answer, Error>>) -> Result<Answer, Error> {
    let (mut answers, mut errors, mut received) = (Vec::new(), Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(answer) => answers.push(answer),
            Err(error) => {
                let (error, content) = error.into_parts();
                received.push((start_of_error(&error), content));
                errors.push(error);
            }
        }
    }
    answers.sort_by(|one, other| start(one).total_cmp(&start(other)));
    let Some(error) = errors.into_iter().max_by_key(rank) else { return Ok(sum(answers)) };
    received.extend(answers.into_iter().map(|answer| (start(&answer), answer.into())));
    received.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let received = received.into_iter().map(|(_, content)| content);
    Err(error.with_received(received.fold(Received::default(), Received::and)))
}

/// Ranks errors that stop the run first and interruptions last; among equals the earliest window.
fn rank(error: &Error) -> (bool, bool, i64) {
    let stops_run = error.effect() == Effect::StopRun;
    let is_failure = error.kind() != ErrorKind::Interrupted;
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let earlier = -start_of_error(error) as i64;
    (stops_run, is_failure, earlier)
}

fn start_of_error(error: &Error) -> f64 {
    match error {
        Error::InWindow { start, .. } => *start,
        _ => 0.0,
    }
}

fn start(answer: &Answer) -> f64 {
    answer.windows.first().map_or(0.0, |window| window.start)
}

fn sum(answers: Vec<Answer>) -> Answer {
    let captions: Vec<_> = answers.iter().map(|answer| answer.caption.as_str()).collect();
    let mut joined = Answer { caption: captions.join("\n"), ..Answer::default() };
    for answer in answers {
        joined.attempts += answer.attempts;
        joined.usage = add(joined.usage, answer.usage, add_usage);
        joined.usd = add(joined.usd, answer.usd, |one, other| one + other);
        joined.model = joined.model.or(answer.model);
        // A window whose caption was cut short decides the reason of the whole.
        if Stop::of(joined.finish_reason.as_deref()) == Stop::Complete {
            joined.finish_reason = answer.finish_reason.or(joined.finish_reason);
        }
        joined.windows.extend(answer.windows);
    }
    joined
}

/// Adds the token counts of two windows. A sum is unknown if a part is.
fn add_usage(one: Usage, other: Usage) -> Usage {
    let mut sum = one + other;
    if one.prompt_tokens == 0 || other.prompt_tokens == 0 {
        sum.prompt_tokens = 0;
    }
    sum
}
