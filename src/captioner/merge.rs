//! The answers about the windows of a sound as one answer about the sound.

use crate::client::answer::Answer;
use crate::error::{Error, Kind};

/// All windows in their order, or the failure that matters most.
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

/// What ends the run matters more than what fails one window, and an interruption least of all;
/// of the same kind the earliest.
fn rank(error: &Error) -> (u8, i64) {
    let kind = match error.kind() {
        Kind::Auth | Kind::Credits => 3,
        Kind::Budget => 2,
        Kind::Interrupted => 0,
        _ => 1,
    };
    let start = match error {
        Error::InWindow { start, .. } => *start,
        _ => 0.0,
    };
    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    let earlier = -start as i64;
    (kind, earlier)
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
        // One that was cut short is told of rather than all that were not.
        if joined.finish_reason.as_deref().is_none_or(|reason| reason == "stop") {
            joined.finish_reason = answer.finish_reason.or(joined.finish_reason);
        }
        joined.windows.extend(answer.windows);
    }
    joined
}

/// What is told of one is told of both.
pub(super) fn add<T>(one: Option<T>, other: Option<T>, sum: impl Fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(sum(one, other)),
        (one, other) => one.or(other),
    }
}
