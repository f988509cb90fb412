// Building URLs in JavaScript. Rust has the same in src/core/url.rs, for what it builds.

/** A character that is only half of one cannot be encoded. */
const encoded = (value) => encodeURIComponent(String(value).replace(/\p{Surrogate}/gu, "\ufffd"));

/** `url` with `pairs` as its query, encoded. */
export function withQuery(url, pairs) {
  let out = url;
  for (const [name, value] of pairs) {
    out += `${out.includes("?") ? "&" : "?"}${encoded(name)}=${encoded(value)}`;
  }
  return out;
}
