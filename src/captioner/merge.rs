//! Merges the answers of windows into one answer for the whole audio.

use crate::client::answer::Answer;
use crate::error::{Effect, Error, ErrorKind};

/// Joins the answers in the order of their windows, or returns the most important error.
pub(super) fn join(results: Vec<Result<Answer, Error>>) -> Result<Answer, Error> {
    let mut answers = Vec::new();
    let mut worst = None;
    for result in results {
        match result {
            Ok(answer) => answers.push(answer),
            Err(error) if worst.as_ref().is_none_or(|worst| rank(&error) > rank(worst)) => {
                worst = Some(error);
            }
            Err(_) => {}
        }
    }
    if let Some(error) = worst {
        return Err(error);
    }
    answers.sort_by(|one, other| start(one).total_cmp(&start(other)));
    Ok(sum(answers))
}

/// Ranks errors that stop the run first and interruptions last; among equals the earliest window.
fn rank(error: &Error) -> (bool, bool, i64) {
    let stops_run = error.effect() == Effect::StopRun;
    let is_failure = error.kind() != ErrorKind::Interrupted;
    let start = match error {
        Error::InWindow { start, .. } => *start,
        _ => 0.0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let earlier = -start as i64;
    (stops_run, is_failure, earlier)
}

fn start(answer: &Answer) -> f64 {
    answer.windows.first().map_or(0.0, |window| window.start)
}

fn sum(answers: Vec<Answer>) -> Answer {
    let captions: Vec<_> = answers.iter().map(|answer| answer.caption.as_str()).collect();
    let mut joined = Answer { caption: captions.join("\n"), ..Answer::default() };
    for answer in answers {
        joined.attempts += answer.attempts;
        joined.usage = add(joined.usage, answer.usage, |one, other| one + other);
        joined.usd = add(joined.usd, answer.usd, |one, other| one + other);
        joined.model = joined.model.or(answer.model);
        // A window that was cut outweighs those that were not.
        if joined.finish_reason.as_deref().is_none_or(|reason| reason == "stop") {
            joined.finish_reason = answer.finish_reason.or(joined.finish_reason);
        }
        joined.windows.extend(answer.windows);
    }
    joined
}

/// Adds two optional values; one that is missing does not count.
pub(super) fn add<T>(one: Option<T>, other: Option<T>, sum: impl Fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(sum(one, other)),
        (one, other) => one.or(other),
    }
}
