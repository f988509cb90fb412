// Bodies of requests to the daemon as they are on the wire, for code written for the official SDK that names them. Nothing
// here takes or gives them.

export interface FileMetadata extends Record<string, unknown> {
  path?: string;
  owner?: string;
  group?: string;
  /** Octal digits written as a decimal number, such as 644. */
  mode?: number;
}

export interface Permission extends Record<string, unknown> {
  owner?: string;
  group?: string;
  /** Octal digits written as a decimal number, such as 644. */
  mode: number;
}

export interface RenameFileItem extends Record<string, unknown> {
  src: string;
  dest: string;
}

export interface ReplaceFileContentItem extends Record<string, unknown> {
  old: string;
  new: string;
}

export interface CodeContextRequest extends Record<string, unknown> {
  language: string;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
