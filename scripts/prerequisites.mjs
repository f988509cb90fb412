// What cannot be installed from here: Rust, Node, a C compiler. What is missing gets one clear line.
import { which } from "./paths.mjs";
import { capture } from "./process.mjs";
import { Stop } from "./step.mjs";
import { atLeast, oldestNode, oldestRust } from "./versions.mjs";

export async function checkPrerequisites() {
  const node = oldestNode();
  if (!atLeast(process.versions.node, node)) {
    throw new Stop(`Node ${process.versions.node} is too old: ${node} or newer is needed, from https://nodejs.org`);
  }
  if (!which("npm")) throw new Stop("npm is missing: it comes with Node, from https://nodejs.org");
  if (!which("git")) throw new Stop('git is missing: install it, on Debian or Ubuntu with "apt-get install git"');

  const rust = oldestRust();
  const where = `install Rust ${rust} or newer with rustup, from https://rustup.rs`;
  if (!which("rustc") || !which("cargo")) throw new Stop(`Rust is missing: ${where}`);
  const { code, output } = await capture("rustc", ["-V"]);
  const version = /^rustc (\S+)/m.exec(output)?.[1];
  if (code !== 0 || !version) {
    throw new Stop(`Rust does not start (${output.trim().split("\n")[0]}): try "rustup default stable"`);
  }
  if (!atLeast(version, rust)) {
    throw new Stop(`Rust ${version} is too old: ${rust} or newer is needed; run "rustup update stable"`);
  }
  if (!which("cc")) {
    throw new Stop(
      'A C compiler (cc) is missing: Rust links with it; on Debian or Ubuntu "apt-get install gcc libc6-dev"',
    );
  }
}
