// Reporter for `node --test`: one line for each file, every detail of what failed, lines that begin with "» "; the counts go to the file named in TEST_REPORT.
import { writeFileSync } from "node:fs";
import { basename, relative } from "node:path";

const indent = (text, by) => text.replace(/^/gm, by);

/** The error as a person wants it: without the runner's own wrapping. */
function describe(error) {
  const cause = error?.code === "ERR_TEST_FAILURE" && error.cause ? error.cause : error;
  if (typeof cause === "string") return cause;
  const text = cause?.stack ?? cause?.message ?? String(cause);
  return text.replace(/\n +at .*\(?node:internal.*/g, "");
}

export default async function* report(source) {
  const total = { passed: 0, failed: 0, skipped: 0, skips: [] };
  let file;
  let count;
  let printed = "";

  const flush = () => {
    if (!file) return "";
    const parts = [`${count.passed} passed`];
    if (count.failed) parts.push(`${count.failed} failed`);
    if (count.skipped) parts.push(`${count.skipped} skipped`);
    if (count.passed + count.failed + count.skipped === 0) {
      count.failed++;
      total.failed++;
      parts[0] = "no test in it";
    }
    const mark = count.failed ? "✗" : "✓";
    const seconds = ((performance.now() - count.start) / 1000).toFixed(1);
    const output = count.failed && printed ? `${indent(printed.trimEnd(), "    | ")}\n` : "";
    const told = count.failed
      ? ""
      : printed
          .replace(/^(?!» ).*\n?/gm, "")
          .replace(/^/gm, "    ")
          .trimEnd();
    const line = `  ${mark} ${basename(file)}: ${parts.join(", ")}, ${seconds} s\n${output}${told && `${told}\n`}`;
    file = undefined;
    printed = "";
    return line;
  };
  const enter = (path) => {
    file = path;
    count = { passed: 0, failed: 0, skipped: 0, start: performance.now() };
  };

  for await (const { type, data } of source) {
    if (type === "test:start" && data.file && data.file !== file) {
      yield flush();
      enter(data.file);
    } else if (type === "test:stdout" || type === "test:stderr") {
      printed += data.message;
    } else if (type === "test:pass" || type === "test:fail") {
      if (data.file && data.file !== file) {
        yield flush();
        enter(data.file);
      }
      const skip = data.skip !== undefined && data.skip !== false;
      const todo = data.todo !== undefined && data.todo !== false;
      const suite = data.details?.type === "suite";
      // A file without tests is reported as one passed test with the file's name.
      const whole =
        data.nesting === 0 && (data.name === data.file || data.name === relative(process.cwd(), data.file ?? ""));
      if (skip || todo) {
        total.skipped++;
        count.skipped++;
        total.skips.push(data.name);
        const reason = skip ? data.skip : data.todo;
        yield `  - skipped: ${data.name}${typeof reason === "string" && reason ? ` (${reason})` : ""}\n`;
      } else if (type === "test:pass") {
        if (suite || whole) continue;
        total.passed++;
        count.passed++;
      } else {
        const error = data.details?.error;
        // Its subtests failed and have been counted: the parent adds nothing.
        if (error?.failureType === "subtestsFailed") continue;
        total.failed++;
        count.failed++;
        yield `  ✗ ${data.name} (${relative(process.cwd(), data.file ?? "")}${data.line ? `:${data.line}` : ""})\n`;
        yield `${indent(describe(error), "      ")}\n`;
      }
    }
  }
  yield flush();
  if (process.env.TEST_REPORT) writeFileSync(process.env.TEST_REPORT, JSON.stringify(total));
}
