// Building URLs in JavaScript. Rust has the same in src/core/url.rs, for what it builds.

/** `url` with `pairs` as its query, encoded. */
export function withQuery(url, pairs) {
  let out = url;
  for (const [name, value] of pairs) {
    out += `${out.includes("?") ? "&" : "?"}${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  }
  return out;
}
