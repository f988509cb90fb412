// Which server, and with which key. The server is the one that served this page; the key comes in the address, behind
// the "#" that browsers never send, and is taken out of it at once.

import { ConnectionConfig, SandboxManager } from "opensandbox-wasm";
import { tabStore } from "./storage.ts";

export class Connection {
  readonly server = location.host;
  #key: string | undefined;

  constructor() {
    this.#key = tabStore.get("key");
    this.#readAddress();
  }

  /** Another address with a key, entered into this very tab, changes no more than the part behind the "#". */
  onNewKey(changed: () => void): void {
    addEventListener("hashchange", () => this.#readAddress() && changed());
  }

  #readAddress(): boolean {
    const given = keyFromAddress();
    if (given !== undefined) this.key = given;
    return given !== undefined;
  }

  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  set key(value: string | undefined) {
    this.#key = value || undefined;
    tabStore.set("key", this.#key);
  }

  config(key = this.#key): ConnectionConfig {
    const protocol = location.protocol === "https:" ? "https" : "http";
    // "": without a key none is to be found anywhere else either.
    return new ConnectionConfig({ domain: this.server, protocol, apiKey: key ?? "" });
  }

  /** Resolves when the server answers and takes the key. */
  async check(key = this.#key): Promise<void> {
    const manager = SandboxManager.create({ connectionConfig: this.config(key) });
    try {
      await manager.listSandboxInfos({ pageSize: 1 }, { requestTimeoutSeconds: 10 });
    } finally {
      await manager.close();
    }
  }
}

function keyFromAddress(): string | undefined {
  const fields = new URLSearchParams(location.hash.slice(1));
  const key = fields.get("key");
  if (key === null) return undefined;
  fields.delete("key");
  const rest = fields.toString();
  history.replaceState(history.state, "", location.pathname + location.search + (rest && `#${rest}`));
  return key.trim() || undefined;
}
