//! Request that would exceed the spending limit.

use std::fmt;

/// Request that would exceed the spending limit. All amounts are in US dollars.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct OverBudget {
    /// Amount spent so far.
    pub spent: f64,
    /// Amount that may have been spent beside it, on answers without a reported cost.
    pub possible: f64,
    /// Spending limit.
    pub max: f64,
    /// Amount that the request may cost; 0 if nothing is known.
    pub next: f64,
    /// True if the length of its audio is known.
    pub is_length_known: bool,
    /// True if the service reports neither prices nor costs.
    pub is_blind: bool,
}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spent, possible, max, next, is_length_known, is_blind } = *self;
        if is_blind {
            return write!(
                f,
                "the service does not tell what its answers cost, so ${max} cannot be kept"
            );
        }
        write!(f, "${spent:.4} of ${max} is spent")?;
        if possible > 0.0 {
            write!(f, " (${possible:.4} more is possible)")?;
        }
        f.write_str(", and another request")?;
        if next > 0.0 {
            write!(f, " of up to ${next:.4}")?;
        }
        f.write_str(if is_length_known { " " } else { ", as its length is not known, " })?;
        f.write_str("would go past it")
    }
}

impl std::error::Error for OverBudget {}
