// Puts the page together: what happens on which click, and what is shown of it.

import { announce } from "./announcer.ts";
import { copyText } from "./clipboard.ts";
import { Connection } from "./connection.ts";
import { ConnectionDialog } from "./connection-dialog.ts";
import { setUpDialogs } from "./dialogs.ts";
import { byId } from "./dom.ts";
import { Drafts } from "./drafts.ts";
import { Editor } from "./editor.ts";
import { explain, type Problem, type Remedy } from "./errors.ts";
import type { Example } from "./examples.ts";
import { setUpExamplesMenu } from "./examples-menu.ts";
import { count } from "./format.ts";
import { OutputPane } from "./output.ts";
import { showProblem } from "./problem-card.ts";
import { LANGUAGES, type Language, PROGRAMS } from "./programs.ts";
import { RunView } from "./run-view.ts";
import { SandboxBar } from "./sandbox-bar.ts";
import { SandboxSession } from "./sandbox-session.ts";
import { setUpShortcuts } from "./shortcuts.ts";
import { setUpTabs, showTab } from "./tabs.ts";
import { setUpTheme } from "./theme.ts";
import { toast } from "./toast.ts";
import { markOutput, setUpViews, showView } from "./views.ts";

const connection = new Connection();
const drafts = new Drafts();
const session = new SandboxSession(connection, () => show());
const output = new OutputPane(() => showOutput());
const runView = new RunView({ run, stop });
const bar = new SandboxBar(session, { create, renew, kill: () => session.kill() });
const connectionDialog = new ConnectionDialog(connection, reconnect);
connection.onNewKey(() => {
  connectionDialog.close();
  reconnect();
});
const editor = new Editor(byId("editor"), {
  drafts: Object.fromEntries(LANGUAGES.map((one) => [one, drafts.code(one)])) as Record<Language, string>,
  language: drafts.language,
  changed: (language, code) => {
    drafts.set(language, code);
    showReset();
  },
  run,
  leave: () => byId("run").focus(),
});
let ran = false;
let runProblem: Problem | undefined;
let wasUnreachable = false;
let askedForKey = false;

// --- Running ---------------------------------------------------------------------------------------------------------

async function run(): Promise<void> {
  if (session.busy) return;
  if (!connection.hasKey) return connectionDialog.open("Enter the server’s key first, then run again.");
  const { language, code } = editor;
  ran = true;
  runProblem = undefined;
  output.clear();
  showView("output");
  runView.begin(session.id ? "Starting" : "Creating a sandbox");
  const outcome = await session.run(language, code, {
    line: (stream, text) => output.add(stream, text === "\n" ? "" : text),
    note: (text) => output.add("note", text),
    started: () => {
      runView.begin("Running");
      announce(`Running ${PROGRAMS[language].file}`);
    },
  });
  if (outcome.kind === "failed") runProblem = outcome.problem;
  // The last line is seen before the word of the end.
  output.draw();
  runView.end(outcome, output);
  markOutput(true);
  show();
  showOutput();
}

function stop(): void {
  session.stop();
}

async function create(): Promise<void> {
  if (!connection.hasKey) return connectionDialog.open();
  runProblem = undefined;
  await session.create();
}

async function renew(): Promise<void> {
  try {
    await session.renew();
    toast("The sandbox lives 15 minutes longer");
  } catch (error) {
    const { title, advice } = explain(error, "renew the sandbox");
    toast(`${title}. ${advice}`);
  }
}

/** With another key, or after a failure: asks the server again. */
async function reconnect(): Promise<void> {
  runProblem = undefined;
  askedForKey = false;
  await session.reconnect();
}

function act(remedy: Remedy): void {
  if (remedy === "key") connectionDialog.open();
  else if (remedy === "new-sandbox") create();
  else if (session.phase === "failed") session.problem?.kind === "unreachable" ? session.check() : create();
  else run();
}

// --- Showing ---------------------------------------------------------------------------------------------------------

function show(): void {
  runView.button(session.busy, session.phase);
  bar.show();
  const unreachable = session.problem?.kind === "unreachable";
  if (wasUnreachable && !unreachable && session.phase !== "failed") {
    // What the server's absence has broken is explained by its absence, and that is over.
    if (runProblem?.kind === "unreachable") runProblem = undefined;
    toast(session.phase === "ended" ? "The server is back; the sandbox of before is gone" : "The server is back");
  }
  wasUnreachable = unreachable;
  showProblem(session.problem ?? runProblem, act);
  if (session.problem?.kind === "key" && !askedForKey) {
    askedForKey = true;
    connectionDialog.open(`${session.problem.title}. ${session.problem.advice}`);
  }
}

function showOutput(): void {
  const empty = output.total === 0;
  byId("copy", HTMLButtonElement).disabled = empty;
  byId("clear", HTMLButtonElement).disabled = empty || session.busy;
  byId("empty").hidden = ran;
  const note = byId("output-note");
  note.hidden = !ran || !empty;
  note.textContent = session.busy ? "Waiting for output…" : "Nothing was printed.";
}

function showReset(): void {
  const { language } = editor;
  const button = byId("reset", HTMLButtonElement);
  const { title } = drafts.example(language);
  button.disabled = !drafts.edited(language);
  button.setAttribute("aria-label", `Reset to the example “${title}”`);
  button.title = button.disabled ? `This is the example “${title}”` : `Back to the example “${title}”`;
}

function showLanguage(language: Language): void {
  drafts.language = language;
  editor.show(language);
  showTab(language);
  showReset();
}

/** Puts an example into the editor; what was there can be had back. */
function load(example: Example): void {
  showLanguage(example.language);
  const before = { code: drafts.code(example.language), example: drafts.example(example.language) };
  const edited = drafts.edited(example.language);
  editor.replace(example.code);
  drafts.set(example.language, example.code, example);
  showReset();
  showView("code");
  editor.focus();
  if (!edited) return;
  toast("Your code was replaced", {
    label: "Undo",
    run: () => {
      showLanguage(example.language);
      editor.replace(before.code);
      drafts.set(example.language, before.code, before.example);
      showReset();
    },
  });
}

// --- Starting --------------------------------------------------------------------------------------------------------

setUpTheme();
setUpDialogs();
setUpViews();
setUpTabs(showLanguage);
setUpExamplesMenu(load);
setUpShortcuts({ run, stop });
byId("reset").addEventListener("click", () => load(drafts.example(editor.language)));
byId("clear").addEventListener("click", () => {
  output.clear();
  ran = false;
  runProblem = undefined;
  runView.reset();
  showOutput();
  show();
});
byId("copy").addEventListener("click", async () => {
  try {
    await copyText(output.text());
    toast(output.forgotten ? `Copied the last ${count(output.total - output.forgotten)} lines` : "Output copied");
  } catch {
    toast("The browser did not allow copying");
  }
});
showLanguage(drafts.language);
show();
showOutput();
document.documentElement.dataset.ready = "true";
if (connection.hasKey) {
  // Early, so that a refused key or a server that is away shows before the first run.
  session.check();
} else {
  connectionDialog.open();
}
