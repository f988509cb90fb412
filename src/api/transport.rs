//! The beginning of every handle: its [`Transport`], which `src/js/transport.js` is.

use crate::api::decisions;
use crate::host::args::Options;
use crate::host::failure::Failure;
use crate::host::js::{self, Transport};

/// From the options of a static method: `{connectionConfig, adapterFactory}`.
pub fn of(options: &Options) -> Result<Transport, Failure> {
    if options.has("adapterFactory") {
        return Err(Failure::invalid(
            "adapterFactory is not supported: pass your own `fetch` in connectionConfig instead",
        ));
    }
    decisions::provide();
    js::new_transport(&options.raw("connectionConfig")).map_err(Failure::thrown)
}
