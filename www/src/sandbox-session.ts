// One sandbox from its making to its end, and the one program that may run in it. Knows nothing of the page: whoever
// shows it is told of every change.

import { Sandbox } from "opensandbox-wasm";
import type { Connection } from "./connection.ts";
import { explain, isAbort, type Problem } from "./errors.ts";
import { type Language, PROGRAMS, WORKSPACE } from "./programs.ts";
import { tabStore } from "./storage.ts";

/** `failed`: something is in the way; `problem` says what. A sandbox may still be there. */
export type Phase = "none" | "creating" | "ready" | "running" | "stopping" | "killing" | "ended" | "failed";

export type Outcome =
  | { kind: "exit"; code: number | null; reason: string | undefined }
  | { kind: "stopped"; confirmed: boolean }
  | { kind: "killed" }
  | { kind: "failed"; problem: Problem };

export interface RunListener {
  /** Output of the program; a promise holds up the reading until the page has caught up. */
  line(stream: "out" | "err", text: string): unknown;
  /** The page's own remarks between the lines. */
  note(text: string): void;
  /** The program is about to start: time counts from here. */
  started(): void;
}

const LIFETIME_SECONDS = 900;
const RECHECK_MS = 2500;
/** execd gives a program 3 s between asking it to end and ending it. */
const STOP_SECONDS = 6;
const IMAGE = "python:3.12-slim";

export class SandboxSession {
  phase: Phase = "none";
  problem: Problem | undefined;
  expiresAt: Date | undefined;
  ended: "killed" | "expired" | "gone" | undefined;
  #sandbox: Sandbox | undefined;
  #run: AbortController | undefined;
  #recheck: ReturnType<typeof setTimeout> | undefined;
  /** A making, finding again or killing that is under way: a run waits for it. */
  #pending: Promise<unknown> | undefined;
  readonly #connection: Connection;
  readonly #changed: () => void;

  constructor(connection: Connection, changed: () => void) {
    this.#connection = connection;
    this.#changed = changed;
  }

  get id(): string | undefined {
    return this.#sandbox?.id;
  }

  /** A program runs, or is about to. */
  get busy(): boolean {
    return this.#run !== undefined;
  }

  /** After a reload: the tab's sandbox, if it is still there. */
  async #restore(id: string): Promise<void> {
    this.#to("creating");
    try {
      const connectionConfig = this.#connection.config();
      this.#sandbox = await Sandbox.connect({ sandboxId: id, connectionConfig, readyTimeoutSeconds: 5 });
      this.expiresAt = (await this.#sandbox.getInfo()).expiresAt ?? undefined;
      this.#to("ready");
    } catch (error) {
      const problem = explain(error, "find the sandbox of before");
      if (problem.kind === "unreachable" || problem.kind === "key") return this.#fail(problem);
      this.#forget();
      this.#to("none");
    }
  }

  /** Makes a sandbox ahead of the first run. What goes wrong is in `problem`. */
  async create(): Promise<void> {
    await this.#alone(() => this.#create()).catch(() => {});
  }

  /** Runs one of those that others wait for. */
  #alone<T>(act: () => Promise<T>): Promise<T> {
    const pending = act().finally(() => {
      if (this.#pending === pending) this.#pending = undefined;
    });
    this.#pending = pending;
    return pending;
  }

  async #create(signal?: AbortSignal): Promise<Sandbox> {
    this.#forget();
    this.#to("creating");
    try {
      const connectionConfig = this.#connection.config();
      const sandbox = await Sandbox.create({
        image: IMAGE,
        timeoutSeconds: LIFETIME_SECONDS,
        createTimeoutSeconds: 300,
        metadata: { "created-by": "playground" },
        connectionConfig,
        ...(signal && { signal }),
      });
      this.#sandbox = sandbox;
      tabStore.set("sandbox", sandbox.id);
      this.expiresAt = new Date(Date.now() + LIFETIME_SECONDS * 1000);
      this.#to("ready");
      // The server's own word on it; nobody waits.
      sandbox.getInfo().then(
        (info) => {
          if (this.#sandbox !== sandbox) return;
          this.expiresAt = info.expiresAt ?? undefined;
          this.#changed();
        },
        () => {},
      );
      return sandbox;
    } catch (error) {
      if (isAbort(error)) this.#to("none");
      else this.#fail(explain(error, "create the sandbox"));
      throw error;
    }
  }

  /** Writes the program into the sandbox and runs it to its end. Makes a sandbox when there is none. Never rejects. */
  async run(language: Language, code: string, listener: RunListener): Promise<Outcome> {
    const controller = new AbortController();
    this.#run = controller;
    clearTimeout(this.#recheck);
    let commandId: string | undefined;
    this.#changed();
    try {
      await this.#pending?.catch(() => {});
      controller.signal.throwIfAborted();
      const sandbox = await this.#prepared(language, code, listener, controller.signal);
      this.#to("running");
      listener.started();
      const execution = await sandbox.commands.run(
        PROGRAMS[language].command,
        { workingDirectory: WORKSPACE },
        {
          // What is shown is kept by the page; keeping it twice would double the memory.
          skipAccumulation: true,
          onInit: ({ id }) => {
            commandId = id;
          },
          onStdout: ({ text }) => listener.line("out", text),
          onStderr: ({ text }) => listener.line("err", text),
        },
        controller.signal,
      );
      this.#to("ready");
      const { exitCode, error } = execution;
      return { kind: "exit", code: exitCode ?? null, reason: error?.traceback.at(0) ?? error?.value };
    } catch (error) {
      return await this.#failed(error, commandId);
    } finally {
      this.#run = undefined;
      this.#changed();
    }
  }

  async #prepared(language: Language, code: string, listener: RunListener, signal: AbortSignal): Promise<Sandbox> {
    const files = [{ path: `${WORKSPACE}/${PROGRAMS[language].file}`, data: code }];
    const had = this.#sandbox;
    if (had) {
      this.#to("running");
      try {
        await had.files.writeFiles(files, { signal });
        return had;
      } catch (error) {
        // Nothing has been started yet, so starting over is safe.
        if (explain(error, "").kind !== "gone") throw error;
        listener.note("The sandbox of before had ended: this runs in a new one.");
      }
    }
    const sandbox = await this.#create(signal);
    this.#to("running");
    await sandbox.files.writeFiles(files, { signal });
    return sandbox;
  }

  async #failed(error: unknown, commandId: string | undefined): Promise<Outcome> {
    // `kill` tells itself what becomes of the sandbox.
    if (this.phase === "killing" || this.phase === "ended") return { kind: "killed" };
    if (isAbort(error)) {
      const confirmed = await this.#stopConfirmed(commandId);
      if (this.#is("stopping")) this.#to(this.#sandbox ? "ready" : "none");
      return { kind: "stopped", confirmed };
    }
    const problem = explain(error, "run the program");
    if (problem.kind === "gone") this.#end("gone");
    else if (problem.kind === "unreachable" || problem.kind === "key") this.#fail(problem);
    else if (this.#sandbox) {
      this.#to("ready");
      // A stream that broke may be the first sign of a server that is gone.
      await this.check();
    }
    return { kind: "failed", problem };
  }

  stop(): void {
    if (!this.#run || this.phase === "stopping" || this.phase === "killing") return;
    this.#to("stopping");
    this.#run.abort(new DOMException("Stopped on the page", "AbortError"));
  }

  /** The abort has sent the interrupt; "stopped" is said once the sandbox says so, too. */
  async #stopConfirmed(commandId: string | undefined): Promise<boolean> {
    if (!commandId) return true;
    const deadline = Date.now() + STOP_SECONDS * 1000;
    while (Date.now() < deadline && this.#is("stopping")) {
      try {
        const status = await this.#sandbox?.commands.getCommandStatus(commandId, { requestTimeoutSeconds: 5 });
        if (!status?.running) return true;
      } catch {
        return false;
      }
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    return false;
  }

  async kill(): Promise<void> {
    const sandbox = this.#sandbox;
    if (sandbox) await this.#alone(() => this.#kill(sandbox));
  }

  async #kill(sandbox: Sandbox): Promise<void> {
    this.#to("killing");
    this.#run?.abort(new DOMException("Killed on the page", "AbortError"));
    try {
      await sandbox.kill();
      this.#end("killed");
    } catch (error) {
      const problem = explain(error, "kill the sandbox");
      if (problem.kind === "gone") this.#end("gone");
      else this.#fail(problem);
    }
  }

  async renew(): Promise<void> {
    const sandbox = this.#sandbox;
    if (!sandbox) return;
    const left = Math.max(0, ((this.expiresAt?.getTime() ?? Date.now()) - Date.now()) / 1000);
    try {
      const { expiresAt } = await sandbox.renew(left + LIFETIME_SECONDS);
      this.expiresAt = expiresAt ?? this.expiresAt;
      this.#changed();
    } catch (error) {
      const problem = explain(error, "renew the sandbox");
      if (problem.kind === "gone") this.#end("gone");
      else if (problem.kind === "unreachable" || problem.kind === "key") this.#fail(problem);
      throw error;
    }
  }

  /** Asks the server how the sandbox is. While the server is away this repeats itself. */
  async check(): Promise<void> {
    clearTimeout(this.#recheck);
    const sandbox = this.#sandbox;
    try {
      const before = tabStore.get("sandbox");
      if (!sandbox && before) return await this.#alone(() => this.#restore(before));
      if (!sandbox) await this.#connection.check();
      const info = await sandbox?.getInfo({ requestTimeoutSeconds: 5 });
      if (this.#sandbox !== sandbox) return;
      if (info) this.expiresAt = info.expiresAt ?? undefined;
      if (info && info.status.state !== "Running") this.#end("gone");
      else if (this.phase === "failed") this.#to(sandbox ? "ready" : "none");
      else this.#changed();
    } catch (error) {
      if (this.#sandbox !== sandbox || this.#is("creating", "killing", "stopping")) return;
      const problem = explain(error, "reach the server");
      if (problem.kind === "gone") this.#end(this.#overdue() ? "expired" : "gone");
      else if (problem.kind === "unreachable" || problem.kind === "key") this.#fail(problem);
    }
  }

  /** With another key: whatever there was is looked for again. */
  async reconnect(): Promise<void> {
    if (this.busy) return;
    this.#sandbox?.close().catch(() => {});
    this.#sandbox = undefined;
    this.expiresAt = undefined;
    this.#to("none");
    if (this.#connection.hasKey) await this.check();
  }

  #overdue(): boolean {
    return this.expiresAt !== undefined && this.expiresAt.getTime() <= Date.now() + 1000;
  }

  #is(...phases: Phase[]): boolean {
    return phases.includes(this.phase);
  }

  #to(phase: Phase): void {
    this.phase = phase;
    if (phase !== "failed") this.problem = undefined;
    if (phase !== "ended") this.ended = undefined;
    this.#changed();
  }

  #fail(problem: Problem): void {
    this.problem = problem;
    this.#to("failed");
    clearTimeout(this.#recheck);
    if (problem.kind === "unreachable") this.#recheck = setTimeout(() => this.check(), RECHECK_MS);
  }

  #end(how: "killed" | "expired" | "gone"): void {
    this.#forget();
    this.ended = how;
    this.#to("ended");
  }

  #forget(): void {
    this.#sandbox?.close().catch(() => {});
    this.#sandbox = undefined;
    this.expiresAt = undefined;
    tabStore.set("sandbox", undefined);
  }
}
