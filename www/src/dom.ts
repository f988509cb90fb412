// Elements of index.html by their id, with their type checked: a typo fails at start and not at a click.

export function byId<T extends Element = HTMLElement>(id: string, type?: new () => T): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  if (type && !(element instanceof type)) throw new Error(`#${id} is a <${element.localName}>`);
  return element as unknown as T;
}

/** An element with a class and text, for what is not in index.html. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { className, text }: { className?: string; text?: string } = {},
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
