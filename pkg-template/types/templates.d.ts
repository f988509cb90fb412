// Templates: images that a server from 1.1 on has made ready to start from in no time. On Kubernetes only.

import type { PaginationInfo, ResourceLimits } from "./models.js";
import type { Sandbox } from "./sandbox.js";

/** When a template counts as built. */
export interface TemplateReadiness extends Record<string, unknown> {
  /** Such as `"tcp://127.0.0.1:44772"` or `"cmd://command"`. */
  probe?: string | null;
  /** In seconds. */
  warmupSeconds?: number | null;
}

/** How far a template is. */
export interface TemplateStatus extends Record<string, unknown> {
  /** How far it is. */
  phase: "Pending" | "Building" | "Succeeded" | "Failed" | (string & {});
  /** Where the result is, once it has succeeded. */
  manifestRef?: string;
  /** Why it has failed. */
  message?: string;
}

/** What to build a template from. */
export interface CreateTemplateRequest extends Record<string, unknown> {
  /** The image, such as `"python:3.12-slim"`. */
  image: string;
  /** Where the result is put, such as `"s3://bucket/prefix"`. */
  publish: string;
  /** `cpu`, `memory` and `disk`. */
  resourceLimits?: ResourceLimits;
  /** What runs in its sandboxes. Default: the server's. */
  entrypoint?: string[];
  /** Part of the template: every sandbox made from it has it. */
  env?: Record<string, string>;
  /** To find it again. */
  metadata?: Record<string, string>;
  /** When it counts as built. */
  readiness?: TemplateReadiness;
  /** How the result is stored. Default: the server's. */
  format?: "native" | "overlaybd" | (string & {});
}

/** A template. {@link Sandbox.createFromTemplate} takes its `templateId`, once its phase is `Succeeded`. */
export interface TemplateInfo extends Record<string, unknown> {
  /** What {@link Sandbox.createFromTemplate} takes. */
  templateId: string;
  /** What it is built from. */
  image: string;
  /** Where the result is put. */
  publish: string;
  /** How the result is stored. */
  format: string;
  /** How far it is. */
  status: TemplateStatus;
  /** `cpu`, `memory` and `disk` of its sandboxes. */
  resourceLimits?: ResourceLimits;
  /** What runs in its sandboxes. */
  entrypoint?: string[];
  /** Environment of its sandboxes. */
  env?: Record<string, string>;
  /** As given when it was made. */
  metadata?: Record<string, string>;
  /** When it counts as built. */
  readiness?: TemplateReadiness;
  /** When it was made. */
  createdAt: Date;
  /** When it was changed last. */
  updatedAt?: Date;
}

/** Which templates to list. */
export interface ListTemplatesParams {
  /** With all of these values. */
  metadata?: Record<string, string> | undefined;
  /** From 1. */
  page?: number | undefined;
  /** Templates per page, at most 200. Default 20. */
  pageSize?: number | undefined;
}

/** One page of templates. */
export interface ListTemplatesResponse extends Record<string, unknown> {
  /** The templates of this page. */
  items: TemplateInfo[];
  /** Which page it is. */
  pagination?: PaginationInfo;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
