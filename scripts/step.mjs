// What the user sees: one line for each step with its time; one line for what stops the work.
import { stopAll, stopping } from "./process.mjs";

/** An expected failure: its message is the one line that the user gets, `log` the file with the rest. */
export class Stop extends Error {
  constructor(message, { log, details } = {}) {
    super(message);
    this.log = log;
    this.details = details;
  }
}

const live = process.stdout.isTTY && !process.env.CI;
const colour = (code, text) => (process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[${code}m${text}\x1b[0m` : text);
export const green = (text) => colour(32, text);
export const red = (text) => colour(31, text);
export const dim = (text) => colour(2, text);
export const bold = (text) => colour(1, text);

export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;
/** `  text ........ right` so that the times stand below each other. */
const line = (mark, text, right) => `${mark} ${text} ${dim(".".repeat(Math.max(3, 66 - text.length)))} ${right}`;

/**
 * Does one step of the work and prints its name and time. `work` gets `say(text)`, which shows what is going on right now on a
 * terminal; what it returns, if it is text, is shown beside the name.
 */
export async function step(name, work) {
  const start = performance.now();
  let shown = 0;
  const say = (text) => {
    if (!live || performance.now() - shown < 80) return;
    shown = performance.now();
    const room = Math.max(20, (process.stdout.columns || 80) - name.length - 6);
    process.stdout.write(`\r\x1b[K· ${name} ${dim(text.replace(/\s+/g, " ").trim().slice(0, room))}`);
  };
  // A log file has no moving line: there a step that takes long announces itself.
  const announce = live ? undefined : setTimeout(() => console.log(`· ${name} …`), 1500);
  say("…");
  try {
    const note = await work(say);
    const text = typeof note === "string" ? `${name} (${note})` : name;
    console.log((live ? "\r\x1b[K" : "") + line(green("✓"), text, seconds(start)));
    return note;
  } catch (error) {
    if (!stopping) console.log((live ? "\r\x1b[K" : "") + line(red("✗"), name, seconds(start)));
    throw error;
  } finally {
    clearTimeout(announce);
  }
}

/** Runs a script's main function: expected failures become one line, and nothing that was started is left behind. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    if (stopping) return;
    if (error instanceof Stop) {
      if (error.details) console.error(error.details.trimEnd());
      console.error(`${red("error:")} ${error.message}${error.log ? dim(` (all of its output: ${error.log})`) : ""}`);
    } else {
      console.error(error);
    }
    process.exitCode = 1;
  } finally {
    await stopAll();
  }
}
