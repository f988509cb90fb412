// Requests to the egress sidecar, and what its errors mean.

import { core } from "./core.js";
import { refusedWith, reworded } from "./failure.js";

/** The sidecar's port inside the sandbox. */
const PORT = 18080;

/** The sidecar of a sandbox. Looked up when first needed: most sandboxes have none. */
export const sidecarOf = (execd) => execd.atPort(PORT);

/** The error of a request with a code to branch on and, where the caller can do something, what. */
export function explained(error) {
  const status = refusedWith(error);
  if (!status) return error;
  const coded = error.code !== "UNEXPECTED_RESPONSE";
  const meaning = core.egressMeaning(status, coded, error.message);
  if (meaning === undefined) return error;
  const [code, advice] = meaning.split("\n");
  return reworded(error, advice ? `${error.message}. ${advice}` : error.message, code);
}
