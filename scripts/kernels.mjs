// The Jupyter kernels of the local server: a Python environment with those for Python and bash, Deno's own where there is a `deno`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tools, which } from "./paths.mjs";
import { capture, run } from "./process.mjs";
import { hash } from "./stamp.mjs";
import { Stop, step } from "./step.mjs";

const REQUIREMENTS = "local/kernels.txt";
/** Where `local/kernels.txt` was made for; its packages want at least this. */
const OLDEST_PYTHON = [3, 11];

const folder = join(tools, "jupyter");
const environment = join(folder, "venv");
/** One folder a kernel, in Jupyter's format; what `opensandbox-local serve --kernels` is given. */
export const kernels = join(folder, "kernels");

/** Kernels are there; without them the local server answers as an execd without Jupyter does. */
export const hasKernels = () => existsSync(join(kernels, "python", "kernel.json"));

/** For programs that start the local server. */
export const kernelEnvironment = () => (hasKernels() ? { OPENSANDBOX_LOCAL_KERNELS: kernels } : {});

/**
 * A Python that can make environments, as `{ file, prefix, version }`. The system's own comes first: sandboxes see it already.
 */
export function findPython(candidates = ["/usr/bin/python3", which("python3", process.env.PATH)]) {
  const ask = "import sys, venv, ensurepip; print(sys.base_prefix, *sys.version_info[:3], sep='\\n')";
  for (const file of candidates) {
    if (!file || !existsSync(file)) continue;
    const { status, stdout } = spawnSync(file, ["-c", ask], { encoding: "utf8" });
    if (status !== 0) continue;
    const [prefix, ...numbers] = stdout.trim().split("\n");
    const [major, minor] = numbers.map(Number);
    const newEnough = major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
    if (newEnough) return { file, prefix, version: numbers.join(".") };
  }
}

/** Is it worth looking for a Python, or is the environment there already? */
export const needsPython = () => !isReady() && !findPython();

const stampFile = join(environment, ".installed");
const isReady = () => existsSync(stampFile) && readFileSync(stampFile, "utf8").startsWith(`${hash([REQUIREMENTS])}\n`);

/** The specifications of the kernels that can be had. `python` and `deno` are `undefined` where there is none. */
export function kernelspecs({ python, deno }) {
  const specs = {};
  if (python) {
    const program = join(environment, "bin", "python");
    const metadata = { opensandbox: { readOnly: [environment, python.prefix] } };
    const common = { argv: [program, "-m"], interrupt_mode: "signal", metadata };
    const kernel = (module) => [...common.argv, module, "-f", "{connection_file}"];
    specs.python = { ...common, argv: kernel("ipykernel_launcher"), display_name: "Python", language: "python" };
    specs.bash = { ...common, argv: kernel("bash_kernel"), display_name: "Bash", language: "bash", env: { PS1: "$" } };
  }
  if (deno) {
    for (const language of ["javascript", "typescript"]) {
      specs[language] = {
        argv: [deno, "jupyter", "--kernel", "--conn", "{connection_file}"],
        display_name: "Deno",
        language,
        // A signal would end it.
        interrupt_mode: "message",
        env: { NO_COLOR: "1" },
        metadata: { opensandbox: { readOnly: [deno], transport: "tcp", lateOutputMs: 100 } },
      };
    }
  }
  return specs;
}

/** The program itself: what stands on PATH may be a script of npm's that starts it. */
async function findDeno() {
  const file = which("deno");
  if (!file) return;
  const { code, stdout } = await capture(file, ["eval", "console.log(Deno.execPath())"]);
  return code === 0 ? stdout.trim() : undefined;
}

/** Looked at each time: Deno may have come, gone or moved. What is right stays as it is, as servers may be using it. */
export function writeKernelspecs(into, specs) {
  mkdirSync(into, { recursive: true });
  for (const name of readdirSync(into)) {
    if (!specs[name]) rmSync(join(into, name), { recursive: true, force: true });
  }
  for (const [name, spec] of Object.entries(specs)) {
    const file = join(into, name, "kernel.json");
    const text = `${JSON.stringify(spec, null, 2)}\n`;
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    mkdirSync(join(into, name), { recursive: true });
    writeFileSync(file, text);
  }
}

async function install(python, say) {
  // Whatever is there belongs to other versions, or was never finished.
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await run("the Python environment", python.file, ["-m", "venv", environment], { log: "kernels.log", onLine: say });
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps", "--retries", "2"];
  await run("the Jupyter kernels", join(environment, "bin", "python"), [...pip, "-r", REQUIREMENTS], {
    log: "kernels.log",
    network: true,
    onLine: say,
  });
  writeFileSync(stampFile, `${hash([REQUIREMENTS])}\n${JSON.stringify(python)}`);
}

/** Makes what is missing. Without a Python the work goes on without kernels, and one line says so. */
export async function installKernels() {
  let python = isReady() ? JSON.parse(readFileSync(stampFile, "utf8").split("\n")[1]) : undefined;
  // The Python that it was made with may have been removed since.
  const usable = python && (await capture(join(environment, "bin", "python"), ["-c", "import ipykernel"])).code === 0;
  if (!usable) python = findPython();
  if (!python) {
    rmSync(kernels, { recursive: true, force: true });
    const wanted = OLDEST_PYTHON.join(".");
    console.log(
      `! no code interpreter: Python ${wanted} or newer with venv is missing; on Debian or Ubuntu "apt-get install python3-venv"`,
    );
    return;
  }
  await step("Jupyter kernels", async (say) => {
    try {
      if (!usable) await install(python, say);
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      // All else works without them.
      rmSync(environment, { recursive: true, force: true });
      rmSync(kernels, { recursive: true, force: true });
      return `left out, there will be no code interpreter: ${error.message.split("\n")[0]}`;
    }
    const specs = kernelspecs({ python, deno: await findDeno() });
    writeKernelspecs(kernels, specs);
    return usable ? `ready: ${Object.keys(specs).join(", ")}` : `installed: ${Object.keys(specs).join(", ")}`;
  });
}
