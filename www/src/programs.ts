// The two languages: which file a program is written to, and what runs it.

export type Language = "bash" | "python";

export const LANGUAGES: readonly Language[] = ["bash", "python"];

export const WORKSPACE = "/workspace";

interface Program {
  name: string;
  file: string;
  command: string;
}

export const PROGRAMS: Record<Language, Program> = {
  bash: { name: "Bash", file: "main.sh", command: "bash main.sh" },
  // -u: Python would keep its output to itself until a block is full.
  python: { name: "Python", file: "main.py", command: "python3 -u main.py" },
};
