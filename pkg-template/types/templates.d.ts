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

export interface TemplateStatus extends Record<string, unknown> {
  phase: "Pending" | "Building" | "Succeeded" | "Failed" | (string & {});
  /** Where the result is, once it has succeeded. */
  manifestRef?: string;
  /** Why it has failed. */
  message?: string;
}

/** What to build a template from. */
export interface CreateTemplateRequest extends Record<string, unknown> {
  image: string;
  /** Where the result is put, such as `"s3://bucket/prefix"`. */
  publish: string;
  /** `cpu`, `memory` and `disk`. */
  resourceLimits?: ResourceLimits;
  entrypoint?: string[];
  /** Part of the template: every sandbox made from it has it. */
  env?: Record<string, string>;
  metadata?: Record<string, string>;
  readiness?: TemplateReadiness;
  format?: "native" | "overlaybd" | (string & {});
}

/** A template. {@link Sandbox.createFromTemplate} takes its `templateId`, once its phase is `Succeeded`. */
export interface TemplateInfo extends Record<string, unknown> {
  templateId: string;
  image: string;
  publish: string;
  format: string;
  status: TemplateStatus;
  resourceLimits?: ResourceLimits;
  entrypoint?: string[];
  env?: Record<string, string>;
  metadata?: Record<string, string>;
  readiness?: TemplateReadiness;
  createdAt: Date;
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
  items: TemplateInfo[];
  pagination?: PaginationInfo;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
