//! The only code that touches JavaScript: fetch, timers, checked reads of the caller's values, error classes.

pub mod args;
pub mod attempt;
pub mod failure;
pub mod http;
pub mod js;
pub mod object;
pub mod retry;
pub mod time;
pub mod transport;
