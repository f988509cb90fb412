// Which server, and with which key. The server is the one that served this page; the key comes in the address, behind
// the "#" that browsers never send, and is taken out of it at once.

import { ConnectionConfig, SandboxManager } from "opensandbox-wasm";
import { tabStore } from "./storage.ts";

export class Connection {
  readonly server = location.host;
  #key: string | undefined;

  constructor() {
    const given = keyFromAddress();
    this.#key = given ?? tabStore.get("key");
    if (given !== undefined) {
      // Another key may mean another server: a sandbox of before is not ours to touch.
      if (given !== tabStore.get("key")) tabStore.set("sandbox", undefined);
      tabStore.set("key", given);
    }
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
