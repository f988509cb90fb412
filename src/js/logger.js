// The `logger` of the configuration. Whatever it does, it must not disturb what is logged.

import { InvalidArgumentException } from "./errors.js";

const LEVELS = ["debug", "info", "warn", "error"];

/** Gives it back, or throws. */
export function checkLogger(logger) {
  if (logger === undefined || logger === null) return undefined;
  if (typeof logger !== "object" && typeof logger !== "function") {
    throw new InvalidArgumentException({ message: `logger must be an object, got ${typeof logger}` });
  }
  for (const level of LEVELS) {
    if (typeof logger[level] !== "function") {
      const message = `logger.${level} must be a function, got ${typeof logger[level]}`;
      throw new InvalidArgumentException({ message });
    }
  }
  return logger;
}

/** Without a logger the line goes to `console.log`: browsers hide what `console.debug` prints. */
export function writeLog(logger, level, line) {
  try {
    const waiting = logger ? logger[level](line) : console.log(line);
    waiting?.then?.(undefined, () => {});
  } catch {
    // Nobody is told: the one to tell is the logger.
  }
}
