// Code contexts that can be held with `await using`.

/** The context itself. Not enumerable, so that a copy, JSON and a comparison see what the official SDK gives. */
export function disposable(context, dispose) {
  if (Symbol.asyncDispose) Object.defineProperty(context, Symbol.asyncDispose, { value: dispose });
  return context;
}
