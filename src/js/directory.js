// A directory, file by file.

import { read } from "./answer.js";
import { core } from "./core.js";
import { once } from "./download.js";
import { InvalidArgumentException } from "./errors.js";
import { unexpected } from "./failure.js";
import { inspect, known } from "./resumable.js";
import { shapes } from "./shape.js";

const WHAT = "Download directory failed";
/** Deeper than any path can be: 4096 bytes hold 2048 names. */
const DEPTH = 2048;

const text = (value) => (typeof value === "string" ? value : undefined);

/** Something in a directory. Only a file has content: a link could lead anywhere, a pipe never ends. */
class DirectoryEntry {
  #open;

  constructor(path, info, open) {
    this.#open = open;
    this.path = path;
    this.info = info;
  }

  stream(options) {
    return this.#open(options);
  }

  async bytes(options) {
    return this.stream(options).bytes();
  }
}

/** Called from Rust: its entries in the order of the list, which is asked for when the first one is. */
export function directory(execd, path, call) {
  const entries = async function* () {
    yield* await list(execd, path, call);
  };
  return once(entries());
}

async function list(execd, path, call) {
  const infos = Object.values(await inspect(execd, path, call, WHAT));
  // Where `~` or `$NAME` leads, only execd knows.
  const root = infos.map((info) => text(info?.path)).find((root) => root !== undefined) ?? path;
  const query = [
    ["path", path],
    ["depth", DEPTH],
  ];
  const exchange = await execd.send({ method: "GET", url: "/directories/list", query, what: WHAT }, call);
  const entries = [];
  for (const info of read(exchange, "list")) {
    if (typeof info !== "object" || info === null) continue;
    const full = text(info.path) ?? "";
    const relative = core.relative(root, full);
    if (relative === undefined) {
      const problem = `The server's list of ${root} has "${full}", which is not in it`;
      throw unexpected(problem, { requestId: exchange.requestId });
    }
    const kind = text(info.type) ?? "file";
    const what = known(info);
    const open = (options) => {
      if (kind !== "file") throw invalid(`${full} is no file: its type is "${kind}"`);
      if (full.includes("$")) throw invalid(`${full} cannot be read: execd would expand the '$' in its name`);
      return core.fileDownload(execd, full, options, call, what);
    };
    entries.push(new DirectoryEntry(relative, shapes.file(info), open));
  }
  return entries;
}

const invalid = (message) => new InvalidArgumentException({ message });
