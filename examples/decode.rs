//! Decodes the stream of a run in Rust: what execd answers to `POST /command`, from stdin here, from `fetch` in an application for
//! the browser (Leptos, Yew). There: `opensandbox-wasm = { version = "…", default-features = false }`.
//!
//!     cargo run --example decode < tests/fixtures/execd/command-exit-7.body

use opensandbox_wasm::core::events::{Batch, Kind};
use opensandbox_wasm::core::frames::{Framer, TooLarge};
use opensandbox_wasm::core::rows::Row;
use opensandbox_wasm::core::run::{Endpoint, Run, Signal};
use std::io::Read;

/// A stream, fed chunk by chunk. The chunks may be cut anywhere, also in the middle of a character.
struct Decoder {
    framer: Framer,
    batch: Batch,
    run: Run,
}

impl Decoder {
    fn new() -> Self {
        Self { framer: Framer::new(64 << 20), batch: Batch::default(), run: Run::new(Endpoint::Command) }
    }

    /// Decodes a chunk; `None` is the end of the body. Gives `true` when the run is over: read no further.
    fn feed(&mut self, chunk: Option<&[u8]>) -> Result<bool, TooLarge> {
        self.batch.clear();
        match chunk {
            Some(chunk) => self.framer.push(chunk, &mut self.batch)?,
            None => self.framer.finish(&mut self.batch),
        }
        let mut over = false;
        for Row { kind, text, .. } in self.batch.rows() {
            match kind {
                Kind::Stdout => println!("{text}"),
                Kind::Stderr => eprintln!("{text}"),
                // Rare, and JSON: yours to parse, with serde_json for example. Here it is enough to know the types.
                Kind::Json | Kind::Tail => over |= signal(text).is_some_and(|signal| self.run.note(signal)),
                Kind::Ping | Kind::Junk => {}
            }
        }
        Ok(over)
    }
}

fn signal(json: &str) -> Option<Signal> {
    let is = |name: &str| json.contains(&format!("\"type\":\"{name}\""));
    let known = [("init", Signal::Init), ("execution_complete", Signal::Complete), ("error", Signal::Error)];
    known.into_iter().find(|(name, _)| is(name)).map(|(_, signal)| signal)
}

fn main() -> std::io::Result<()> {
    let mut decoder = Decoder::new();
    let mut chunk = [0; 4096];
    loop {
        let length = std::io::stdin().read(&mut chunk)?;
        let fed = decoder.feed(chunk.get(..length).filter(|chunk| !chunk.is_empty()));
        match fed {
            Ok(true) => break,
            Ok(false) if length > 0 => {}
            Ok(false) => eprintln!("the stream ended before the run did"),
            Err(TooLarge) => eprintln!("one event was too large"),
        }
        if length == 0 {
            break;
        }
    }
    Ok(())
}
