// Programs to start from. The first one of each language is what a new visitor finds in the editor.

import type { Language } from "./programs.ts";

export interface Example {
  id: string;
  language: Language;
  title: string;
  about: string;
  code: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    id: "progress",
    language: "python",
    title: "Live progress",
    about: "Ten steps in three seconds, each shown as it is printed",
    code: `import platform
import time

print(f"Hello from Python {platform.python_version()}")

steps = 10
for step in range(1, steps + 1):
    time.sleep(0.3)
    bar = "#" * step + "." * (steps - step)
    print(f"[{bar}] {step * 100 // steps:>3} %")

print("Done.")
`,
  },
  {
    id: "hello",
    language: "bash",
    title: "Hello, sandbox",
    about: "Who and where the program is",
    code: `echo "Hello from $(uname -s) $(uname -m)"
echo "I am $(whoami), in $PWD"

for tool in bash python3 git curl; do
  printf '%-8s %s\\n' "$tool" "$(command -v "$tool" || echo 'not installed')"
done
`,
  },
  {
    id: "stderr",
    language: "bash",
    title: "Standard error and exit code",
    about: "Error lines are marked; the exit code is 3",
    code: `echo "This goes to standard output"
echo "This goes to standard error" >&2

sleep 1
echo "Nothing works out, giving up" >&2
exit 3
`,
  },
  {
    id: "files",
    language: "python",
    title: "Files",
    about: "Written files stay until the sandbox ends",
    code: `from pathlib import Path

folder = Path("notes")
folder.mkdir(exist_ok=True)

for name, text in {"a.txt": "first\\n", "b.txt": "second\\n" * 3}.items():
    (folder / name).write_text(text)

runs = folder / "runs.txt"
with runs.open("a") as log:
    log.write("one more run\\n")

for path in sorted(folder.iterdir()):
    print(f"{path}  {path.stat().st_size:>5} bytes")

print(f"\\nThis sandbox has run the program {len(runs.read_text().splitlines())} time(s).")
`,
  },
  {
    id: "traceback",
    language: "python",
    title: "An exception",
    about: "A traceback on standard error, exit code 1",
    code: `def average(numbers):
    return sum(numbers) / len(numbers)


print("average of 1, 2, 3:", average([1, 2, 3]))
print("average of nothing:", average([]))
`,
  },
  {
    id: "many-lines",
    language: "python",
    title: "100,000 lines",
    about: "More than a page should hold; it stays quick",
    code: `for number in range(1, 100_001):
    print(f"line {number:>6}  {number * number}")
`,
  },
];

/** What a language's tab begins with. */
export function firstExample(language: Language): Example {
  const found = EXAMPLES.find((example) => example.language === language);
  if (!found) throw new Error(`there is no example in ${language}`);
  return found;
}
