// The items of a list that comes in pages, one after another. A page is asked for when its first item is.

/** How many pages may follow each other without anything new. Items move down a list while others are made. */
const STALE_PAGES = 10;

class Pages {
  #driver;

  constructor(driver) {
    this.#driver = driver;
  }

  /**
   * No item comes twice. What is deleted meanwhile, perhaps by the loop itself, moves the rest up, past the next page: when
   * the list has become shorter on the way, it is gone through again, until there is nothing new in it.
   */
  async *[Symbol.asyncIterator]() {
    const { first, key } = this.#driver;
    const seen = new Set();
    let total;
    for (let again = true; again; ) {
      again = false;
      let found = 0;
      let stale = 0;
      for (let number = first; ; number++) {
        const { items, pagination } = await this.#driver.page(number);
        again ||= pagination?.totalItems < total;
        total = pagination?.totalItems;
        let fresh = 0;
        for (const item of items) {
          const id = item[key];
          if (seen.has(id)) continue;
          seen.add(id);
          fresh++;
          yield item;
        }
        found += fresh;
        if (items.length === 0 || pagination?.hasNextPage !== true || number >= pagination.totalPages) break;
        stale = fresh > 0 ? 0 : stale + 1;
        if (stale === STALE_PAGES) throw this.#driver.repeats(number);
      }
      again &&= found > 0;
    }
  }
}

export function allPages(driver) {
  return new Pages(driver);
}
