// Bodies of requests to the daemon as they are on the wire, for code written for the official SDK that names them. Nothing
// here takes or gives them.

/** Goes along with the content of a file that is written. */
export interface FileMetadata extends Record<string, unknown> {
  /** Where to write it. */
  path?: string;
  /** A name. */
  owner?: string;
  /** A name. */
  group?: string;
  /** Octal digits written as a decimal number, such as 644. */
  mode?: number;
}

/** Mode and owner of one file. */
export interface Permission extends Record<string, unknown> {
  /** A name. */
  owner?: string;
  /** A name. */
  group?: string;
  /** Octal digits written as a decimal number, such as 644. */
  mode: number;
}

/** One thing to move. */
export interface RenameFileItem extends Record<string, unknown> {
  /** Where it is. */
  src: string;
  /** Where it is to be. */
  dest: string;
}

/** What to replace in one file. */
export interface ReplaceFileContentItem extends Record<string, unknown> {
  /** Literal text. */
  old: string;
  /** What to put in its place. */
  new: string;
}

/** What a code context is made with. */
export interface CodeContextRequest extends Record<string, unknown> {
  /** One of {@link SupportedLanguage}. */
  language: string;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
