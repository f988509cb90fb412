// The items of a list that comes in pages, one after another. A page is asked for when its first item is.

import { unexpected } from "./failure.js";
import { ask } from "./wire.js";

/** How many pages may follow each other without anything new. Items move down a list while others are made. */
const STALE_PAGES = 10;

class Pages {
  #transport;
  #wire;
  #call;
  #first;
  #key;

  /** `wire` asks for a page; `first`: the number of the one to begin with; `key`: what tells two items apart. */
  constructor(transport, wire, call, first, key) {
    this.#transport = transport;
    this.#wire = wire;
    this.#call = call;
    this.#first = first;
    this.#key = key;
  }

  #page(number) {
    const url = this.#wire.url.replace(/([?&]page=)\d+/, (_, name) => name + number);
    return ask(this.#transport, { ...this.#wire, url }, this.#call);
  }

  /**
   * No item comes twice. What is deleted meanwhile, perhaps by the loop itself, moves the rest up, past the next page: when
   * the list has become shorter on the way, it is gone through again, until there is nothing new in it.
   */
  async *[Symbol.asyncIterator]() {
    const seen = new Set();
    let total;
    for (let again = true; again; ) {
      again = false;
      let found = 0;
      let stale = 0;
      for (let number = this.#first; ; number++) {
        const { items, pagination } = await this.#page(number);
        again ||= pagination?.totalItems < total;
        total = pagination?.totalItems;
        let fresh = 0;
        for (const item of items) {
          const id = item[this.#key];
          if (seen.has(id)) continue;
          seen.add(id);
          fresh++;
          yield item;
        }
        found += fresh;
        if (items.length === 0 || pagination?.hasNextPage !== true || number >= pagination.totalPages) break;
        stale = fresh > 0 ? 0 : stale + 1;
        if (stale === STALE_PAGES) {
          const problem = `page ${number} says that there is more, and there has been nothing new for pages`;
          throw unexpected(`${this.#wire.what}: ${problem}`);
        }
      }
      again &&= found > 0;
    }
  }
}

/** Called from Rust: all items of a list as an async iterable. */
export const allPages = (transport, wire, call, first, key) => new Pages(transport, wire, call, first, key);
