// One set-up or build at a time in one checkout: two of them would delete each other's files.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tools } from "./paths.mjs";

const folder = join(tools, "lock");
const owner = join(folder, "pid");

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

export async function locked(work) {
  mkdirSync(tools, { recursive: true });
  for (let told = false, empty = 0; ; ) {
    try {
      mkdirSync(folder);
      writeFileSync(owner, String(process.pid));
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    let pid = 0;
    try {
      pid = Number(readFileSync(owner, "utf8"));
    } catch {}
    // A lock without a living owner was left by a run that was killed; a moment's patience for one that is just being written.
    if (pid ? !alive(pid) : ++empty > 10) rmSync(folder, { recursive: true, force: true });
    else if (!told && pid) {
      console.log(`· waiting for another make in this checkout (process ${pid})`);
      told = true;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const release = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}
