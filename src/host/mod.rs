//! Everything that touches JavaScript: reading what the caller gave, building objects, handing calls over to `src/js`, which waits.

pub mod args;
pub mod failure;
pub mod js;
pub mod object;
