// Colours and weights of terminals (SGR sequences) as spans; every other escape sequence is dropped.

import { make } from "./dom.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const SEQUENCE = /\x1b(?:\[([0-9;:]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

interface Style {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  colour: string | undefined;
}
const plain = (): Style => ({ bold: false, dim: false, italic: false, underline: false, colour: undefined });

/** Appends a line's text to an element. */
export function appendAnsi(parent: HTMLElement, text: string): void {
  if (!text.includes("\x1b")) {
    parent.append(text);
    return;
  }
  const style = plain();
  let at = 0;
  for (const found of text.matchAll(SEQUENCE)) {
    append(parent, text.slice(at, found.index), style);
    at = found.index + found[0].length;
    if (found[2] === "m") apply(style, found[1] ?? "");
  }
  append(parent, text.slice(at), style);
}

function append(parent: HTMLElement, text: string, style: Style): void {
  if (text === "") return;
  const classes = [
    style.bold && "ansi-bold",
    style.dim && "ansi-dim",
    style.italic && "ansi-italic",
    style.underline && "ansi-underline",
    style.colour && `ansi-${style.colour}`,
  ].filter(Boolean);
  if (classes.length === 0) parent.append(text);
  else parent.append(make("span", { className: classes.join(" "), text }));
}

function apply(style: Style, parameters: string): void {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) Object.assign(style, plain());
    else if (code === 1) style.bold = true;
    else if (code === 2) style.dim = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 22) style.bold = style.dim = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code >= 30 && code <= 37) style.colour = NAMES[code - 30];
    else if (code >= 90 && code <= 97) style.colour = NAMES[code - 90];
    else if (code === 39) style.colour = undefined;
    // 256 colours and true colour: skipped with their parameters.
    else if (code === 38 || code === 48) i += codes[i + 1] === 5 ? 2 : 4;
  }
}
