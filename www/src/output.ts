// The pane with what a program prints. Lines come one by one and are drawn once a frame; the document holds the last
// ten thousand, memory some more for Copy. It follows the end until the reader scrolls up.

import { appendAnsi } from "./ansi.ts";
import { byId, make } from "./dom.ts";
import { count, plural } from "./format.ts";

export type Stream = "out" | "err" | "note";
interface Line {
  stream: Stream;
  text: string;
}

const SHOWN_LINES = 10_000;
/** Lines come and go in blocks: the browser skips the layout of those that are out of sight. */
const BLOCK_LINES = 250;
const KEPT_LINES = 200_000;
const KEPT_CHARACTERS = 50_000_000;
const LINE_CHARACTERS = 20_000;
/** So many lines may wait for the next frame; then the program's output is not read until it has been drawn. */
const WAITING_LINES = 4_000;
/** Frames stop in a tab that is not seen; the output goes on. */
const FRAME_MS = 250;
const NEAR_END = 24;

export class OutputPane {
  total = 0;
  errors = 0;
  readonly #scroller = byId("output");
  readonly #list = byId("lines");
  readonly #hidden = byId("hidden-lines");
  readonly #jump = byId("jump", HTMLButtonElement);
  readonly #jumpText = byId("jump-text");
  readonly #changed: () => void;
  #waiting: Line[] = [];
  #kept: string[] = [];
  #keptCharacters = 0;
  #forgotten = 0;
  #shown = 0;
  #unseen = 0;
  #following = true;
  #lastTop = 0;
  #drawing: Promise<void> | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.#jump.addEventListener("click", () => {
      this.#follow();
      this.#scroller.focus({ preventScroll: true });
    });
    const sizes = new ResizeObserver(() => this.#following && this.#toEnd());
    sizes.observe(this.#scroller);
    sizes.observe(this.#list);
  }

  /** Adds a line. Gives a promise when the page is behind: wait for it before adding more. */
  add(stream: Stream, text: string): Promise<void> | undefined {
    if (stream !== "note") {
      this.total++;
      if (stream === "err") this.errors++;
      this.#keep(text);
    }
    this.#waiting.push({ stream, text });
    this.#drawing ??= nextFrame().then(() => this.draw());
    return this.#waiting.length >= WAITING_LINES ? this.#drawing : undefined;
  }

  clear(): void {
    this.#waiting = [];
    this.#kept = [];
    this.total = this.errors = this.#keptCharacters = this.#forgotten = this.#shown = 0;
    this.#list.replaceChildren();
    this.#showHidden();
    this.#follow();
    this.#changed();
  }

  /** All that was printed, as far as it is kept. */
  text(): string {
    return this.#kept.map((line) => `${line}\n`).join("");
  }

  /** What Copy could not give any more. */
  get forgotten(): number {
    return this.#forgotten;
  }

  #keep(text: string): void {
    this.#kept.push(text);
    this.#keptCharacters += text.length + 1;
    if (this.#kept.length <= KEPT_LINES && this.#keptCharacters <= KEPT_CHARACTERS) return;
    // In large steps: each one moves the whole rest.
    const drop = Math.max(1, this.#kept.length >> 2);
    for (const line of this.#kept.splice(0, drop)) this.#keptCharacters -= line.length + 1;
    this.#forgotten += drop;
  }

  /** Draws what has come; otherwise the next frame does. */
  draw(): void {
    this.#drawing = undefined;
    const all = this.#waiting;
    this.#waiting = [];
    if (all.length === 0) return;
    // What would be pushed out at once is not drawn at all.
    const lines = all.slice(-SHOWN_LINES);
    if (lines.length < all.length) {
      this.#list.replaceChildren();
      this.#shown = 0;
    }
    let block = this.#list.lastElementChild as HTMLElement | null;
    for (const line of lines) {
      if (!block || block.childElementCount >= BLOCK_LINES) {
        block = make("div", { className: "block" });
        this.#list.append(block);
      }
      block.append(drawn(line));
    }
    this.#shown += lines.length;
    for (let first = this.#list.firstElementChild; first; first = this.#list.firstElementChild) {
      if (this.#shown - first.childElementCount < SHOWN_LINES) break;
      this.#shown -= first.childElementCount;
      first.remove();
    }
    this.#showHidden();
    if (this.#following) this.#toEnd();
    else {
      this.#unseen += all.length;
      this.#jumpText.textContent = `Jump to end, ${plural(this.#unseen, "new line")}`;
    }
    this.#changed();
  }

  #showHidden(): void {
    const hidden = Math.max(0, this.total - this.#shown);
    this.#hidden.hidden = hidden === 0;
    const copied = this.#forgotten ? `Copy has the last ${count(this.#kept.length)}.` : "Copy has them all.";
    this.#hidden.textContent = `${plural(hidden, "earlier line")} not shown. ${copied}`;
  }

  #scrolled(): void {
    const { scrollTop, clientHeight, scrollHeight } = this.#scroller;
    if (scrollHeight - scrollTop - clientHeight <= NEAR_END) this.#setFollowing(true);
    // Only the reader scrolls up.
    else if (scrollTop < this.#lastTop - 1) this.#setFollowing(false);
    this.#lastTop = scrollTop;
  }

  #setFollowing(following: boolean): void {
    if (following === this.#following) return;
    this.#following = following;
    this.#unseen = 0;
    this.#jumpText.textContent = "Jump to end";
    this.#jump.hidden = following;
  }

  #follow(): void {
    this.#setFollowing(true);
    this.#toEnd();
  }

  #toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#lastTop = this.#scroller.scrollTop;
  }
}

function drawn({ stream, text }: Line): HTMLElement {
  const element = make("div", { className: `line ${stream}` });
  if (text.length <= LINE_CHARACTERS) appendAnsi(element, text);
  else {
    appendAnsi(element, text.slice(0, LINE_CHARACTERS));
    element.append(
      make("span", { className: "cut", text: ` … ${count(text.length - LINE_CHARACTERS)} more characters` }),
    );
  }
  return element;
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FRAME_MS);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
