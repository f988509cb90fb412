// The default entry: browsers, Node, Deno, Bun, any bundler. One file serves them all.

import "./load.js";

export * from "./api.js";
