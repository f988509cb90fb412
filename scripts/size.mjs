// `make size`: how large what an application downloads is, and whether it is within the limits of size-limits.json. COMPARE=1 measures
// other SDKs, too, and writes docs/bench/size.md.
import { buildPackage } from "./build-package.mjs";
import { locked } from "./lock.mjs";
import { root } from "./paths.mjs";
import { setup } from "./setup.mjs";
import { overLimit, packageSizes, sizeLimits } from "./sizes.mjs";
import { main, red, Stop } from "./step.mjs";

const KINDS = ["raw", "gzip", "brotli"];

function print(sizes) {
  const limits = sizeLimits();
  const line = (name, cells) => console.log(name.padEnd(24) + cells.map((cell) => cell.padStart(10)).join(""));
  console.log();
  line("bytes", [...KINDS, "", "limits:", "raw", "brotli"]);
  for (const [name, found] of Object.entries(sizes)) {
    const allowed = ["raw", "brotli"].map((kind) => String(limits[name]?.[kind] ?? ""));
    line(name, [...KINDS.map((kind) => String(found[kind])), "", "", ...allowed]);
  }
}

await main(async () => {
  await locked(async () => {
    await setup({ for: "build" });
    await buildPackage();
  });
  const sizes = await packageSizes(root);
  print(sizes);
  if (process.env.COMPARE) {
    const { compare } = await import("../bench/other-sdks/compare.mjs");
    await compare(sizes);
  }
  const over = overLimit(sizes);
  for (const sentence of over) console.log(`${red("✗")} ${sentence}`);
  if (over.length > 0) throw new Stop("the package is larger than scripts/size-limits.json allows");
});
