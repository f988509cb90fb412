// Lines of a file, for an execd that cannot cut them itself. A line ends behind its LF; the last one may have none.

/** Cuts lines `offset` (from 1) to `offset + limit` out of chunks. */
export class LineCutter {
  #line = 1;
  #first;
  #end;

  constructor(offset, limit) {
    this.#first = offset;
    this.#end = offset + limit;
  }

  /** Whether all lines that are wanted have passed. */
  get done() {
    return this.#line >= this.#end;
  }

  cut(chunk) {
    let from = this.#line >= this.#first ? 0 : chunk.length;
    for (let at = 0; ; at++) {
      at = chunk.indexOf(10, at);
      if (at < 0) return chunk.subarray(from);
      this.#line++;
      if (this.#line === this.#first) from = at + 1;
      if (this.done) return chunk.subarray(from, at + 1);
    }
  }
}
