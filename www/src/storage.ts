// Web storage that may be full, or switched off: then nothing is kept, and nothing breaks.

function guarded(storage: () => Storage) {
  return {
    get(name: string): string | undefined {
      try {
        return storage().getItem(`opensandbox.${name}`) ?? undefined;
      } catch {
        return undefined;
      }
    },
    /** `undefined` removes. */
    set(name: string, value: string | undefined): void {
      try {
        if (value === undefined) storage().removeItem(`opensandbox.${name}`);
        else storage().setItem(`opensandbox.${name}`, value);
      } catch {
        // See above.
      }
    },
  };
}

/** This tab, until it is closed. */
export const tabStore = guarded(() => sessionStorage);
/** This browser. */
export const browserStore = guarded(() => localStorage);
