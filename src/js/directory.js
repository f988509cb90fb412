// A directory, file by file.

import { once } from "./download.js";

/** Something in a directory. Only a file has content: a link could lead anywhere, a pipe never ends. */
class DirectoryEntry {
  #driver;
  #wire;

  constructor(driver, path, info, wire) {
    this.#driver = driver;
    this.#wire = wire;
    this.path = path;
    this.info = info;
  }

  stream(options) {
    return this.#driver.file(this.#wire, options);
  }

  async bytes(options) {
    return this.stream(options).bytes();
  }
}

/** Called from Rust: its entries in the order of the list, which is asked for when the first one is. */
export function directory(driver) {
  const entries = async function* () {
    for (const entry of await driver.list()) yield new DirectoryEntry(driver, ...entry);
  };
  return once(entries());
}
