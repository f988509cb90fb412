// The times of lines of 64 characters as bars, one panel for each size of chunks, all on one scale.
import { three } from "./numbers.mjs";
import { readers } from "./readers.mjs";
import { SIZE_NAMES } from "./report.mjs";
import { SIZES } from "./streams.mjs";

const WIDTH = 980;
const LEFT = 300;
const RIGHT = 90;
const BAR = 20;
const STEP = 27;
const PANEL = 46;
const TOP = 92;

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("`", "");
const kind = (reader) =>
  ({ reading: "limit", official: "official", collected: "official", bare: "other", eventsource: "other" })[reader] ??
  "ours";

/** A round number that is about a fifth of `largest`. */
function tick(largest) {
  const power = 10 ** Math.floor(Math.log10(largest / 5));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= largest / 5);
}

/** `environment`: `{ machine, versions }`, for the line at the bottom. */
export function chart({ rows, events, characters }, { machine, versions }) {
  const names = Object.keys(readers);
  const largest = Math.max(...rows.map(({ ms }) => ms));
  const scale = (WIDTH - LEFT - RIGHT) / largest;
  const x = (ms) => (LEFT + ms * scale).toFixed(1);
  const panel = PANEL + names.length * STEP;
  const bottom = TOP + SIZES.length * panel;
  const height = bottom + 88;

  const grid = [];
  for (let at = 0; at <= largest; at += tick(largest)) {
    grid.push(
      `<path class="grid" d="M${x(at)} ${TOP - 4}V${bottom}"/>`,
      `<text class="tick" x="${x(at)}" y="${bottom + 18}">${Math.round(at)}${at === 0 ? " ms" : ""}</text>`,
    );
  }
  const bars = SIZES.flatMap((size, index) => {
    const top = TOP + index * panel;
    const head = `<text class="panel" x="24" y="${top + 20}">chunks: ${SIZE_NAMES[size]}</text>`;
    return [
      head,
      ...names.flatMap((reader, at) => {
        const { ms } = rows.find((row) => row.reader === reader && row.size === size);
        const y = top + 32 + at * STEP;
        return [
          `<text class="name" x="${LEFT - 10}" y="${y + 15}">${escaped(readers[reader].name)}</text>`,
          `<rect class="${kind(reader)}" x="${LEFT}" y="${y}" width="${(ms * scale).toFixed(1)}" height="${BAR}" rx="3"/>`,
          `<text class="value" x="${Number(x(ms)) + 7}" y="${y + 15}">${three(ms)} ms</text>`,
        ];
      }),
    ];
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif">
  <title id="title">Time to read ${events.toLocaleString("en")} lines of ${characters} characters</title>
  <desc id="desc">Bars of milliseconds, shorter is better, for each reader and three sizes of chunks. The numbers are in streams.md.</desc>
  <style>
    .sheet { fill: #f6f7f9; stroke: #aab2bf; }
    .title { font-size: 20px; font-weight: 600; fill: #1d2330; }
    .text { font-size: 13px; fill: #3c4555; }
    .panel { font-size: 15px; font-weight: 600; fill: #1d2330; }
    .name { font-size: 13px; fill: #1d2330; text-anchor: end; }
    .value { font-size: 13px; fill: #1d2330; stroke: #f6f7f9; stroke-width: 4px; paint-order: stroke; }
    .tick { font-size: 12px; fill: #5b6472; text-anchor: middle; }
    .grid { stroke: #d6dbe3; stroke-width: 1; }
    .ours { fill: #c2410c; }
    .limit { fill: #aab2bf; }
    .other { fill: #6f86bd; }
    .official { fill: #44506a; }
  </style>
  <rect class="sheet" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10"/>
  <text class="title" x="24" y="38">Time to read ${events.toLocaleString("en")} lines of ${characters} characters</text>
  <text class="text" x="24" y="62">Milliseconds, medians; shorter is better. The body comes from memory.</text>
  ${[...grid, ...bars].join("\n  ")}
  <text class="text" x="24" y="${height - 36}">${escaped(machine)}</text>
  <text class="text" x="24" y="${height - 16}">${escaped(versions)}</text>
</svg>
`;
}
