// What the package's types say about arguments, read by the TypeScript compiler: each parameter as a shape, from which values
// can be made that fit and that do not. The compiler's API is still called unstable; the version is pinned.
import { fileURLToPath } from "node:url";
import { API, SignatureKind, SymbolFlags, TypeFlags } from "typescript/unstable/sync";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const CONFIG = here("tsconfig.json");

/**
 * `{ name → { isClass, isError, constructs: [params], statics: Map(name → params), methods: Map(name → params),
 * properties: Map(name → name of its type) } }` for every exported class and interface. `params`: [{ name, shape }].
 */
export function readTypes() {
  const api = new API({ cwd: here(".") });
  try {
    const project = api.updateSnapshot({ openProjects: [CONFIG] }).getProject(CONFIG);
    return new Reader(project).read();
  } finally {
    api.close();
  }
}

const PRIMITIVES = [
  [TypeFlags.StringLike, "string"],
  [TypeFlags.NumberLike, "number"],
  [TypeFlags.BooleanLike, "boolean"],
  [TypeFlags.BigIntLike, "bigint"],
  [TypeFlags.Null, "null"],
];

class Reader {
  #checker;
  #index;
  #shapes = new Map();

  constructor({ checker, program }) {
    this.#checker = checker;
    const file = program.getSourceFileNames().find((name) => /\/pkg(-template)?\/index\.d\.ts$/.test(name));
    this.#index = program.getSourceFile(file);
  }

  read() {
    const found = new Map();
    for (const symbol of this.#checker.getExportsOfModule(this.#checker.getSymbolAtLocation(this.#index))) {
      if ((symbol.flags & (SymbolFlags.Class | SymbolFlags.Interface)) === 0) continue;
      found.set(symbol.name, this.#block(symbol));
    }
    return found;
  }

  #block(symbol) {
    const checker = this.#checker;
    const isClass = (symbol.flags & SymbolFlags.Class) !== 0;
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const properties = checker.getPropertiesOfType(type);
    const block = { isClass, constructs: [], statics: new Map(), methods: new Map(), properties: new Map() };
    block.isError = properties.some(({ name }) => name === "stack");
    for (const property of properties) {
      const its = checker.getTypeOfSymbol(property);
      if (property.flags & SymbolFlags.Method) block.methods.set(property.name, this.#params(its, SignatureKind.Call));
      else if (its.getSymbol()) block.properties.set(property.name, its.getSymbol().name);
    }
    if (!isClass) return block;
    const value = checker.getTypeOfSymbol(symbol);
    const made = checker.getSignaturesOfType(value, SignatureKind.Construct);
    // A protected constructor is not for the caller.
    const open = !made.some(({ declaration }) => /protected/.test(declaration?.resolve()?.getText?.() ?? ""));
    if (open) block.constructs = this.#params(value, SignatureKind.Construct);
    for (const member of checker.getPropertiesOfType(value)) {
      if (member.flags & SymbolFlags.Method) {
        block.statics.set(member.name, this.#params(checker.getTypeOfSymbol(member), SignatureKind.Call));
      }
    }
    return block;
  }

  /** The parameters of all overloads: what one of them takes is taken. */
  #params(type, kind) {
    const params = [];
    for (const signature of this.#checker.getSignaturesOfType(type, kind)) {
      signature.getParameters().forEach((parameter, index) => {
        const shape = this.#shape(this.#checker.getTypeOfSymbol(parameter));
        params[index] = params[index]
          ? { ...params[index], shape: merge(params[index].shape, shape) }
          : { name: parameter.name, shape };
      });
    }
    return params;
  }

  #shape(type) {
    const known = this.#shapes.get(type.id);
    if (known) return known;
    const shape = { kinds: new Set(), words: [], variants: [], maps: [], opaque: new Set() };
    this.#shapes.set(type.id, shape);
    for (const part of type.isUnionType() ? type.getTypes() : [type]) this.#add(shape, part);
    // A class beside an interface: an object with its fields, or one that is made of it.
    if (shape.variants.some(({ isClass }) => !isClass)) shape.variants = shape.variants.filter((one) => !one.isClass);
    return shape;
  }

  #add(shape, type) {
    const { flags } = type;
    if (flags & TypeFlags.AnyOrUnknown) shape.any = true;
    else if (flags & (TypeFlags.Undefined | TypeFlags.Void | TypeFlags.Never)) shape.optional = true;
    else if (type.isStringLiteralType()) shape.words.push(type.value);
    else if (type.isIntersectionType()) {
      // `string & {}`: any string, beside words that an editor may offer.
      const primitive = type.getTypes().find((part) => part.flags & TypeFlags.Primitive);
      if (primitive) this.#add(shape, primitive);
      else this.#addObject(shape, type);
    } else {
      const primitive = PRIMITIVES.find(([flag]) => flags & flag);
      if (primitive) shape.kinds.add(primitive[1]);
      else if (type.isTypeParameter()) shape.any = true;
      else this.#addObject(shape, type);
    }
  }

  #addObject(shape, type) {
    const checker = this.#checker;
    if (checker.isArrayType(type) || checker.isTupleType(type)) {
      const elements = checker.getTypeArguments(type).map((element) => this.#shape(element));
      shape.element = shape.element ? merge(shape.element, elements[0]) : elements[0];
      return;
    }
    if (
      [SignatureKind.Call, SignatureKind.Construct].some((kind) => checker.getSignaturesOfType(type, kind).length > 0)
    ) {
      shape.kinds.add("function");
      return;
    }
    const symbol = type.getSymbol();
    const properties = checker.getPropertiesOfType(type);
    const [index] = checker.getIndexInfosOfType(type);
    const isOurs = (one) => one?.declarations.some(({ path }) => /\/pkg(-template)?\//i.test(path));
    // Also what is put together from ours: an intersection, or `Omit` of one.
    const ours = isOurs(symbol) || (properties.length > 0 && properties.every(isOurs));
    if (properties.length === 0 && index) {
      shape.maps.push(this.#shape(index.valueType ?? index.type));
    } else if (ours) {
      const fields = new Map();
      for (const property of properties) {
        const field = { ...this.#shape(checker.getTypeOfSymbol(property)) };
        if (property.flags & SymbolFlags.Optional) field.optional = true;
        fields.set(property.name, field);
      }
      const isClass = symbol !== undefined && (symbol.flags & SymbolFlags.Class) !== 0;
      shape.variants.push({ name: symbol?.name ?? "", isClass, fields });
    } else shape.opaque.add(symbol?.name ?? "object");
  }
}

function merge(a, b) {
  return {
    any: a.any || b.any,
    optional: a.optional || b.optional,
    kinds: new Set([...a.kinds, ...b.kinds]),
    words: [...a.words, ...b.words],
    variants: [...a.variants, ...b.variants],
    maps: [...a.maps, ...b.maps],
    opaque: new Set([...a.opaque, ...b.opaque]),
    element: a.element && b.element ? merge(a.element, b.element) : (a.element ?? b.element),
  };
}
