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
        // The same number of digits for amounts that are compared.
        let digits = if max < 0.01 { 6 } else { 4 };
        let usd = |amount: f64| format!("${amount:.digits$}");
        if is_blind {
            let max = usd(max);
            return write!(
                f,
                "the service reports no cost, so that the limit of {max} cannot be kept"
            );
        }
        write!(f, "{} of {} is spent", usd(spent), usd(max))?;
        if possible > 0.0 {
            write!(f, " ({} more is possible)", usd(possible))?;
        }
        f.write_str(", and another request")?;
        if next > 0.0 {
            write!(f, " of up to {}", usd(next))?;
        }
        f.write_str(if is_length_known { " " } else { ", whose length is unknown, " })?;
        f.write_str("would exceed it")
    }
}

impl std::error::Error for OverBudget {}
