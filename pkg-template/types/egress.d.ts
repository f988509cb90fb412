// Rules for a sandbox's outgoing traffic.

import type { CallOptions } from "./connection.js";
import type { InvalidArgumentException, SandboxApiException } from "./errors.js";
import type { NetworkPolicy, NetworkRule } from "./models.js";

/**
 * Rules for outgoing traffic, kept by the egress sidecar. Only a sandbox that was created with a `networkPolicy` has one.
 *
 * A server of version 1.1 passes the requests on to the sidecar; where it answers 404, the sidecar itself is asked, at port
 * 18080 of the sandbox. Which of the two has worked is remembered. Nothing is looked up before the first call.
 *
 * All methods may reject with a {@link SandboxApiException} whose `code` is one of
 * - `EGRESS_UNREACHABLE`: 502, 503 or 504: there is no sidecar, or it is not up;
 * - `EGRESS_INVALID_REQUEST`: 400 or 422; the message has the sidecar's words;
 * - `EGRESS_UNAUTHORIZED`: 401: the sidecar's token is not, or no longer, the right one;
 * - `EGRESS_TOO_MANY_RULES`: 413: more than the sidecar allows, 4096 by default;
 * - `EGRESS_FAILED`: 500: the sidecar could not put the rules in force;
 * - `NOT_SUPPORTED`: 404 or 405: neither way knows the request;
 * - the server's own, such as `DOCKER::SANDBOX_NOT_FOUND`.
 */
export interface Egress {
  /**
   * The current policy. `egress` is always an array here, where the sidecar sends `null` for "no rules". What the operator of
   * the server always allows or denies is not in it.
   */
  getPolicy(options?: CallOptions | AbortSignal): Promise<NetworkPolicy>;
  /**
   * Puts another policy in place of the current one.
   *
   * @param policy Default for `defaultAction`: `"deny"`; for `egress`: no rules. `{}` denies everything.
   * @throws {@link InvalidArgumentException} for an action other than `"allow"` and `"deny"`, or a rule without a target.
   */
  replacePolicy(policy: NetworkPolicy, options?: CallOptions | AbortSignal): Promise<void>;
  /**
   * Merges rules into the current policy. They go first, and replace rules for the same target. Of two for one target in
   * `rules`, the first counts. The default action stays.
   *
   * @param rules Not empty.
   */
  patchRules(rules: NetworkRule[], options?: CallOptions | AbortSignal): Promise<void>;
  /**
   * Takes the rules for these targets away. A target without a rule is no error. The default action stays.
   *
   * @param targets As they stand in the rules. Not empty.
   */
  deleteRules(targets: string[], options?: CallOptions | AbortSignal): Promise<void>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
