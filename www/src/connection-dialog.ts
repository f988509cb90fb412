// The panel for the key: opened by its button, and by itself when the key is missing or refused.

import type { Connection } from "./connection.ts";
import { byId } from "./dom.ts";
import { explain } from "./errors.ts";

export class ConnectionDialog {
  readonly #connection: Connection;
  readonly #dialog = byId("connection-dialog", HTMLDialogElement);
  readonly #key = byId("key", HTMLInputElement);
  readonly #connect = byId("connect", HTMLButtonElement);
  readonly #forget = byId("forget-key", HTMLButtonElement);
  readonly #problem = byId("connection-problem");
  readonly #button = byId("connection", HTMLButtonElement);
  readonly #changed: () => void;

  /** `changed`: there is another key, or none. */
  constructor(connection: Connection, changed: () => void) {
    this.#connection = connection;
    this.#changed = changed;
    byId("connection-server").textContent = connection.server;
    this.#button.addEventListener("click", () => this.open());
    byId("connection-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#forget.addEventListener("click", () => {
      connection.key = undefined;
      this.#key.value = "";
      this.#say(undefined);
      this.#show();
      changed();
      this.#key.focus();
    });
    this.#show();
  }

  open(problem?: string): void {
    this.#key.value = "";
    this.#say(problem);
    this.#show();
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#key.focus();
  }

  /** The key came from elsewhere. */
  close(): void {
    this.#dialog.close();
    this.#show();
  }

  async #submit(): Promise<void> {
    // Pasting the whole address is as good as the key alone.
    const key = this.#key.value.trim().replace(/^.*#(?:.*&)?key=([^&]*).*$/, "$1");
    if (!key) return;
    this.#connect.disabled = true;
    this.#connect.textContent = "Connecting…";
    try {
      await this.#connection.check(key);
      this.#connection.key = key;
      this.#dialog.close();
      this.#changed();
    } catch (error) {
      const { title, advice } = explain(error, "check the key");
      this.#say(`${title}. ${advice}`);
    } finally {
      this.#connect.disabled = false;
      this.#connect.textContent = "Connect";
      this.#show();
      if (this.#dialog.open) this.#key.select();
    }
  }

  #say(problem: string | undefined): void {
    this.#problem.hidden = !problem;
    this.#problem.textContent = problem ?? "";
  }

  #show(): void {
    const { hasKey, server } = this.#connection;
    this.#forget.hidden = !hasKey;
    this.#key.placeholder = hasKey ? "A key is set; enter another one to replace it" : "";
    byId("connection-text").textContent = hasKey ? server : "Enter a key";
    this.#button.setAttribute("aria-label", hasKey ? `Connection: ${server}` : "Connection: enter a key");
    this.#button.title = hasKey ? `Connected to ${server}` : "This page needs the server’s key";
    this.#button.dataset.missing = String(!hasKey);
  }
}
