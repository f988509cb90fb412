// The wasm as text inside of a JavaScript module, in a form that compresses as well as the bytes do (1.5 % more; hex 7 %, base64 25 to
// 31 %, as it breaks their alignment): a letter for a byte, two letters for the rare ones. A byte that is a letter stays itself, so
// that the texts in the wasm stay texts.

/** All of ASCII that no string literal, no template and no tool writes in another way. The last two stand before a second letter. */
const LETTERS = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).filter(
  (it) => !'"$\\`'.includes(it),
);
const PREFIXES = 2;

/** Goes into the package as it is written here. `order`: the bytes, by the numbers of their letters, in hex. */
export function decode(letters, order, text) {
  const number = new Uint8Array(128);
  for (let i = 0; i < letters.length; i++) number[letters.charCodeAt(i)] = i;
  const byte = Uint8Array.from(order.match(/../g), (hex) => Number.parseInt(hex, 16));
  const bytes = new Uint8Array(text.length);
  const single = letters.length - 2;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let at = number[text.charCodeAt(i)];
    if (at >= single) at = single + (at - single) * letters.length + number[text.charCodeAt(++i)];
    bytes[length++] = byte[at];
  }
  return bytes.subarray(0, length);
}

/** The bytes by how often they are there, those that are letters at their places. */
function orderOf(bytes) {
  const often = new Array(256).fill(0);
  for (const byte of bytes) often[byte]++;
  const byRank = [...often.keys()].sort((a, b) => often[b] - often[a]);
  const single = LETTERS.slice(0, -PREFIXES);
  const frequent = byRank.slice(0, single.length);
  const others = frequent.filter((byte) => !single.includes(String.fromCharCode(byte)));
  const order = single.map((letter) =>
    frequent.includes(letter.charCodeAt(0)) ? letter.charCodeAt(0) : others.shift(),
  );
  return [...order, ...byRank.slice(single.length)];
}

function encode(bytes, order) {
  const single = LETTERS.length - PREFIXES;
  const letters = order.map((_, at) => {
    if (at < single) return LETTERS[at];
    const rest = at - single;
    return LETTERS[single + Math.floor(rest / LETTERS.length)] + LETTERS[rest % LETTERS.length];
  });
  const of = Object.fromEntries(order.map((byte, at) => [byte, letters[at]]));
  return Array.from(bytes, (byte) => of[byte]).join("");
}

/** A module whose default export gives the bytes. */
export function textModule(bytes) {
  const order = orderOf(bytes);
  const given = [LETTERS.join(""), Buffer.from(order).toString("hex"), encode(bytes, order)];
  if (!Buffer.from(decode(...given)).equals(Buffer.from(bytes))) throw new Error("the wasm as text is not the wasm");
  const [letters, hex, text] = given.map((each) => JSON.stringify(each));
  return `${decode}\nexport default () => decode(\n${letters},\n${hex},\n${text});\n`;
}
