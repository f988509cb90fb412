// Times as bars in several panels, all on one scale.
import { three } from "./numbers.mjs";

const WIDTH = 980;
const LEFT = 300;
const RIGHT = 90;
const BAR = 20;
const STEP = 27;
const PANEL = 46;
const TOP = 92;

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("`", "");
/** A round number that is about a fifth of `largest`. */
function tick(largest) {
  const power = 10 ** Math.floor(Math.log10(largest / 5));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= largest / 5);
}

/**
 * `panels`: `{ head, bars: [{ name, kind, ms }] }`; the kinds are `ours`, `official`, `other` and `limit`. `environment`:
 * `{ machine, versions }`, for the lines at the bottom.
 */
export function chart({ title, text, description, panels }, { machine, versions }) {
  const largest = Math.max(...panels.flatMap(({ bars }) => bars.map(({ ms }) => ms)));
  const scale = (WIDTH - LEFT - RIGHT) / largest;
  const x = (ms) => (LEFT + ms * scale).toFixed(1);
  const tops = [TOP];
  for (const { bars } of panels) tops.push(tops.at(-1) + PANEL + bars.length * STEP);
  const bottom = tops.at(-1);
  const height = bottom + 88;

  const grid = [];
  for (let at = 0; at <= largest; at += tick(largest)) {
    grid.push(
      `<path class="grid" d="M${x(at)} ${TOP - 4}V${bottom}"/>`,
      `<text class="tick" x="${x(at)}" y="${bottom + 18}">${Math.round(at)}${at === 0 ? " ms" : ""}</text>`,
    );
  }
  const drawn = panels.flatMap(({ head, bars }, index) => [
    `<text class="panel" x="24" y="${tops[index] + 20}">${escaped(head)}</text>`,
    ...bars.flatMap(({ name, kind, ms }, at) => {
      const y = tops[index] + 32 + at * STEP;
      return [
        `<text class="name" x="${LEFT - 10}" y="${y + 15}">${escaped(name)}</text>`,
        `<rect class="${kind}" x="${LEFT}" y="${y}" width="${(ms * scale).toFixed(1)}" height="${BAR}" rx="3"/>`,
        `<text class="value" x="${Number(x(ms)) + 7}" y="${y + 15}">${three(ms)} ms</text>`,
      ];
    }),
  ]);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif">
  <title id="title">${escaped(title)}</title>
  <desc id="desc">Bars of milliseconds, shorter is better, ${escaped(description)}</desc>
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
  <text class="title" x="24" y="38">${escaped(title)}</text>
  <text class="text" x="24" y="62">${escaped(text)}</text>
  ${[...grid, ...drawn].join("\n  ")}
  <text class="text" x="24" y="${height - 36}">${escaped(machine)}</text>
  <text class="text" x="24" y="${height - 16}">${escaped(versions)}</text>
</svg>
`;
}
