// Keeps the beginning and the end of each output, however much comes in between.

/** How much may come between two tidyings, beside what is kept: it makes the work per character small. */
const SLACK = 1 << 18;

/** What one output has kept. Sizes are in characters. `headLeft`: room at the beginning; 0 once something did not fit. */
class Side {
  headLeft;
  came = 0;
  kept = 0;

  constructor(head) {
    this.headLeft = head;
  }
}

/**
 * `limits`: how many characters of each output to keep, at its beginning and at its end. `outputs`: gives the output rows of
 * a batch: kind, text, timestamp. `verbatim`: an event is no line.
 */
export class Capture {
  #head;
  #tail;
  #outputs;
  #verbatim;
  #sides = new Map();
  /** What is kept, in the order of arrival. `head`: at the beginning; `rest`: the second part of a line, all of it. */
  #rows = [];
  #fresh = [];
  #waiting = 0;
  #packed;

  constructor([head, tail], outputs, verbatim) {
    this.#head = head;
    this.#tail = tail;
    this.#outputs = outputs;
    this.#verbatim = verbatim;
  }

  add(batch) {
    this.#fresh.push(batch);
    this.#waiting += batch.text.length + batch.length;
    // What was not read row by row has its text elsewhere.
    for (const { text } of batch.parsed?.values() ?? []) this.#waiting += text?.length ?? 0;
    this.#packed = undefined;
    if (this.#waiting > 2 * (this.#head + this.#tail) + SLACK) this.#tidy();
  }

  /** What is kept: `{ text, rows: [kind, length, timestamp] }`. The same object while nothing more has come. */
  get packed() {
    this.#tidy();
    this.#packed ??= this.#pack();
    return this.#packed;
  }

  /** How many characters of an output are missing. */
  missing(kind) {
    if (!this.packed) return 0;
    const { came, kept } = this.#side(kind);
    return came - kept;
  }

  #side(kind) {
    let side = this.#sides.get(kind);
    if (!side) {
      side = new Side(this.#head);
      this.#sides.set(kind, side);
    }
    return side;
  }

  /** A line counts with its break, as in the joined text. */
  #break(text) {
    return this.#verbatim || text === "\n" ? 0 : 1;
  }

  #size(text) {
    return Math.max(1, text.length + this.#break(text));
  }

  #tidy() {
    if (this.#fresh.length === 0) return;
    for (const batch of this.#fresh.splice(0)) {
      for (const [kind, text, timestamp] of this.#outputs(batch)) this.#take(kind, text, timestamp);
    }
    this.#waiting = 0;
    this.#shorten();
    this.#unpin();
  }

  #take(kind, text, timestamp) {
    const side = this.#side(kind);
    const size = this.#size(text);
    side.came += size;
    if (size <= side.headLeft) {
      side.headLeft -= size;
      this.#rows.push({ kind, text, timestamp, head: true });
      return;
    }
    // Whole lines only, unless the first is longer than all that may be kept: that one is cut in two.
    const cut = side.headLeft === this.#head ? before(text, this.#head - this.#break(text)) : 0;
    side.headLeft = 0;
    if (cut > 0) this.#rows.push({ kind, text: text.slice(0, cut), timestamp, head: true });
    this.#rows.push({ kind, text: text.slice(cut), timestamp, rest: cut > 0 });
  }

  /** Lets go of what lies between beginning and end. */
  #shorten() {
    const left = new Map();
    const rows = [];
    for (const row of this.#rows.reverse()) {
      const { kind, text } = row;
      const room = left.get(kind) ?? this.#tail;
      const size = this.#size(text);
      if (row.head) {
        rows.push(row);
      } else if (size <= room) {
        left.set(kind, room - size);
        rows.push(row);
      } else {
        left.set(kind, 0);
        const cut = room === this.#tail ? after(text, text.length - room + this.#break(text)) : text.length;
        if (cut < text.length) rows.push({ ...row, text: text.slice(cut), rest: false });
      }
    }
    this.#rows = rows.reverse();
  }

  /** A part of a string keeps the whole of it in memory: the rows become parts of a new one. */
  #unpin() {
    // Joining alone copies nothing when there is but one.
    const text = ` ${this.#rows.map((row) => row.text).join("")}`;
    let at = 1;
    for (const row of this.#rows) {
      row.text = text.slice(at, at + row.text.length);
      at += row.text.length;
    }
  }

  #pack() {
    const rows = [];
    for (const side of this.#sides.values()) side.kept = 0;
    for (const { kind, text, timestamp, rest } of this.#rows) {
      const size = this.#size(text);
      // A line that was cut, and of which nothing is missing, is one line. Its parts follow each other.
      if (rest) {
        rows.at(-1)[1] += text.length;
        this.#side(kind).kept += text.length;
      } else {
        rows.push([kind, text.length, timestamp]);
        this.#side(kind).kept += size;
      }
    }
    return { text: this.#rows.map((row) => row.text).join(""), rows };
  }
}

const isSecondHalf = (text, at) => {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code < 0xe000;
};

/** The place to cut at, or the one before or after it: not inside of a pair of surrogates. */
function before(text, at) {
  return at > 0 && isSecondHalf(text, at) ? at - 1 : Math.max(at, 0);
}

function after(text, at) {
  return isSecondHalf(text, at) ? at + 1 : at;
}
