// Credentials that the egress proxy puts into requests.

import type { CallOptions } from "./connection.js";
import type { Egress } from "./egress.js";
import type { InvalidArgumentException, SandboxApiException } from "./errors.js";

/** A credential's value, given in the request itself. */
export interface InlineCredentialSource extends Record<string, unknown> {
  /** Default `"inline"`. */
  type?: "inline";
  /** The secret. It goes to the sidecar and to nobody else, and never comes back. */
  value: string;
}

/** A secret with a name. */
export interface Credential extends Record<string, unknown> {
  /** What bindings call it by. */
  name: string;
  /** Where its value comes from. */
  source: InlineCredentialSource;
}

/** Scheme of a request. */
export type CredentialMatchScheme = "https" | "http";

/** Which requests a binding is for. */
export interface CredentialMatch extends Record<string, unknown> {
  /** Default `["https"]`. */
  schemes?: CredentialMatchScheme[];
  /** @deprecated The port follows from the scheme: 443 or 80. The sidecar takes these two and no other. */
  ports?: number[];
  /**
   * Host names with a dot, or `*.` and one. Not empty. Each must be allowed by a rule of the sandbox's egress policy; and a
   * change of the policy that would take that away is refused.
   */
  hosts: string[];
  /** Default GET, POST, PUT, PATCH, DELETE. */
  methods?: string[];
  /** Patterns that begin with a slash. Default `["/*"]`. */
  paths?: string[];
}

/** A header and the credential that is its value. */
export interface CustomHeaderEntry extends Record<string, unknown> {
  /** Those of the connection itself, such as `Host` and `Content-Length`, are refused by the sidecar. */
  name: string;
  /** Name of a credential. */
  credential: string;
}

/** A part of a request. */
export type CredentialSubstitutionSurface = "path" | "query" | "header" | "body";

/** A text in a request that is replaced by a credential. */
export interface CredentialSubstitution extends Record<string, unknown> {
  /** Name of a credential. */
  credential: string;
  /** What programs in the sandbox write where the secret belongs. */
  placeholder: string;
  /** Where to look for it. Not empty. */
  in: CredentialSubstitutionSurface[];
}

/** What every form of {@link CredentialAuth} may have. */
export interface Substituting extends Record<string, unknown> {
  /** Texts in the request to replace by credentials. Default: none. */
  substitutions?: CredentialSubstitution[];
}

/** Sends `Authorization: Bearer …`. */
export interface BearerAuth extends Substituting {
  /** Which form it is. */
  type: "bearer";
  /** Name of the credential. */
  credential: string;
}

/** Sends `Authorization: Basic …`. */
export interface BasicAuth extends Substituting {
  /** Which form it is. */
  type: "basic";
  /** Name of the credential, whose value is user and password in base64 already. */
  credential: string;
}

/** Sends one header. */
export interface ApiKeyAuth extends Substituting {
  /** Which form it is. */
  type: "apiKey";
  /** The header. */
  name: string;
  /** Name of the credential that is its value. */
  credential: string;
}

/** Sends several headers. */
export interface CustomHeadersAuth extends Substituting {
  /** Which form it is. */
  type: "customHeaders";
  /** Not empty. */
  headers: CustomHeaderEntry[];
}

/** Adds no header: there are only the substitutions. */
export interface PassthroughAuth extends Substituting {
  /** Which form it is. */
  type: "passthrough";
}

/** How a credential is put into a request. */
export type CredentialAuth = BearerAuth | BasicAuth | ApiKeyAuth | CustomHeadersAuth | PassthroughAuth;

/** Which requests get which credential, and how. */
export interface CredentialBinding extends Record<string, unknown> {
  /** Of your choice; each binding has another. */
  name: string;
  /** Which requests. */
  match: CredentialMatch;
  /** How it is put in. */
  auth: CredentialAuth;
}

/** A credential as it is told: without its value. */
export interface CredentialMetadata {
  /** What bindings call it by. */
  name: string;
  /** `"inline"`. */
  sourceType: string;
  /** Revision of the vault in which it was written last. */
  revision: number;
}

/** How a binding puts its credential in, without the credential. */
export interface CredentialAuthMetadata {
  /** Which form of {@link CredentialAuth}. */
  type: string;
  /** Of `apiKey`: the header. */
  name?: string;
}

/** A binding as it is told. */
export interface CredentialBindingMetadata {
  /** As given. */
  name: string;
  /** The vault's revision. */
  revision: number;
  /** With the sidecar's defaults filled in. */
  match?: CredentialMatch;
  /** How it puts its credential in. */
  auth?: CredentialAuthMetadata;
}

/** What is in the vault, by name. */
export interface CredentialVaultState {
  /** One more with each change. For `expectedRevision`. */
  revision: number;
  /** Its credentials. */
  credentials: CredentialMetadata[];
  /** Its bindings. */
  bindings: CredentialBindingMetadata[];
}

/** The list of credentials as it is on the wire. */
export interface CredentialListResponse {
  /** The vault's revision. */
  revision: number;
  /** Its credentials. */
  credentials: CredentialMetadata[];
}

/** The list of bindings as it is on the wire. */
export interface CredentialBindingListResponse {
  /** The vault's revision. */
  revision: number;
  /** Its bindings. */
  bindings: CredentialBindingMetadata[];
}

/** What a new vault holds. Both lists may be empty. */
export interface CredentialVaultCreateRequest extends Record<string, unknown> {
  /** The secrets. */
  credentials: Credential[];
  /** Where they go. */
  bindings: CredentialBinding[];
}

/** Changes of credentials. Adding one that exists, and replacing or deleting one that does not, is an error. */
export interface CredentialMutationSet extends Record<string, unknown> {
  /** New ones. */
  add?: Credential[];
  /** Other values for some that are there. */
  replace?: Credential[];
  /** Names. */
  delete?: string[];
}

/** Changes of bindings. */
export interface CredentialBindingMutationSet extends Record<string, unknown> {
  /** New ones. */
  add?: CredentialBinding[];
  /** Others in place of some that are there. */
  replace?: CredentialBinding[];
  /** Names. */
  delete?: string[];
}

/** A change of the vault. */
export interface CredentialVaultPatchRequest extends Record<string, unknown> {
  /** Change it only if it still is at this revision. */
  expectedRevision?: number;
  /** What to change of the credentials. */
  credentials?: CredentialMutationSet;
  /** What to change of the bindings. */
  bindings?: CredentialBindingMutationSet;
}

/**
 * Credentials that the egress proxy puts into outgoing requests, so that no program in the sandbox ever has them. Needs a
 * sandbox that was created with a `networkPolicy` and `credentialProxy: { enabled: true }`.
 *
 * Answers are rebuilt field by field and checked: what is not declared here is dropped. No error and no log of this package
 * shows the value of a credential, not even when a server repeats it, as it is or in JSON; values of fewer than four characters
 * aside.
 *
 * All methods may reject with a {@link SandboxApiException} whose `code` is one of those of {@link Egress} or
 * - `VAULT_NOT_FOUND`: 404: none was made, or the sidecar was restarted, which loses it;
 * - `CREDENTIAL_NOT_FOUND`, `BINDING_NOT_FOUND`: 404: nothing of that name;
 * - `VAULT_EXISTS`: 409: there is one already;
 * - `VAULT_REVISION_CONFLICT`: 409: it is not at `expectedRevision` any more;
 * - `VAULT_NOT_READY`: 412: the sandbox was made without what the vault needs, or its proxy is still starting;
 * - `VAULT_TRANSPORT_REFUSED`: 426: the sidecar takes changes over TLS or a local connection only: use `useServerProxy`.
 */
export interface CredentialVault {
  /**
   * Makes the vault.
   *
   * @throws {@link InvalidArgumentException} for a field of a wrong type, or one that is missing. Its message names the field
   * and repeats no value.
   */
  create(request: CredentialVaultCreateRequest, options?: CallOptions | AbortSignal): Promise<CredentialVaultState>;
  /** What is in it. */
  get(options?: CallOptions | AbortSignal): Promise<CredentialVaultState>;
  /** Changes it: all that the request says, or nothing. */
  patch(request: CredentialVaultPatchRequest, options?: CallOptions | AbortSignal): Promise<CredentialVaultState>;
  /** Deletes it with all that is in it. A new one begins at revision 1. */
  delete(options?: CallOptions | AbortSignal): Promise<void>;
  /** All credentials, without their values. */
  listCredentials(options?: CallOptions | AbortSignal): Promise<CredentialMetadata[]>;
  /** One credential, without its value. */
  getCredential(name: string, options?: CallOptions | AbortSignal): Promise<CredentialMetadata>;
  /** All bindings. */
  listBindings(options?: CallOptions | AbortSignal): Promise<CredentialBindingMetadata[]>;
  /** One binding. */
  getBinding(name: string, options?: CallOptions | AbortSignal): Promise<CredentialBindingMetadata>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
