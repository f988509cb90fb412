// Files and directories.

import type { CallOptions } from "./connection.js";
import type { InvalidArgumentException } from "./errors.js";

/** Bytes of their own, such as `new Blob([…])` takes. `Uint8Array<ArrayBuffer>`, and `Uint8Array` before TypeScript 5.7. */
export type Bytes = ReturnType<Uint8ArrayConstructor["of"]>;

export type FileEntryType = "file" | "directory" | "symlink" | "other";

/** What a file is. */
export interface FileInfo extends Record<string, unknown> {
  /** Absolute. */
  path: string;
  type?: FileEntryType;
  /** In bytes. */
  size?: number;
  modifiedAt?: Date;
  /** When its metadata was changed last: execd gives the ctime. */
  createdAt?: Date;
  /** Octal digits written as a decimal number: 644 is `rw-r--r--`. */
  mode?: number;
  /** A name, or the number as text where there is none. */
  owner?: string;
  group?: string;
}

export type FilesInfoResponse = Record<string, FileInfo>;
export type SearchFilesResponse = FileInfo[];

/** Owner and mode of something that is written. */
interface Ownership {
  /** Octal digits written as a decimal number: `644`, not `0o644`. 0: leave it. */
  mode?: number | undefined;
  /**
   * A name. Where neither `owner` nor `group` is given, execd **resets both** to its own user, which is mostly root. One that
   * does not exist is ignored.
   */
  owner?: string | undefined;
  group?: string | undefined;
}

/**
 * Something to write. Paths of all entries: `$NAME` and `${NAME}` are expanded from the daemon's environment; any other `$`
 * would be dropped by execd and is refused here.
 */
export interface WriteEntry extends Ownership {
  path: string;
  /**
   * Default: an empty file. A stream is sent as it comes where the runtime can do that; in pages it is collected first.
   */
  data?:
    | string
    | Uint8Array
    | ArrayBuffer
    | ArrayBufferView
    | Blob
    | AsyncIterable<Uint8Array | string>
    | ReadableStream<Uint8Array>
    | undefined;
}

/** A directory to make. `mode` defaults to 755. */
export interface CreateDirectoryEntry extends Ownership {
  path: string;
}

export interface SetPermissionEntry extends Ownership {
  path: string;
  /** Octal digits written as a number: 644. Left out, the mode stays as it is. */
  mode?: number | undefined;
}

export interface MoveEntry {
  src: string;
  dest: string;
}

export interface ContentReplaceEntry {
  path: string;
  /** Literal text, not empty. */
  oldContent: string;
  newContent: string;
}

export interface ContentReplaceResult {
  path: string;
  replacedCount: number;
}

export interface SearchEntry {
  path: string;
  /** For the **base name** only: `*.py`, `{a,b}.*`, `?`. Default: all files. */
  pattern?: string | undefined;
}

export interface DirectoryListEntry {
  path: string;
  /** Default 1. */
  depth?: number | undefined;
}

/** Which part of a file to read. */
export interface ReadBytesOptions {
  /** Value of a `Range` header: `bytes=0-9`. One that is past the end is a 416. */
  range?: string | undefined;
  /** First line, from 1. Where execd cannot read lines, the whole file is sent and they are cut out here. */
  offset?: number | undefined;
  /** Number of lines. Default: all that follow. */
  limit?: number | undefined;
  /** A signal in the last argument wins over this one. */
  signal?: AbortSignal | undefined;
}

export interface ReadFileOptions extends ReadBytesOptions {
  /** A label that `TextDecoder` knows. Default `"utf-8"`. */
  encoding?: string | undefined;
}

/** Files and directories of the sandbox. Calls on several files are not atomic: execd stops at the first failure. */
export interface SandboxFiles {
  /** Keyed by the paths as given. One that is missing fails the whole call with a 404. */
  getFileInfo(paths: string[], options?: CallOptions | AbortSignal): Promise<FilesInfoResponse>;
  /** Files below a directory by their names, hidden ones included, directories never. */
  search(entry: SearchEntry, options?: CallOptions | AbortSignal): Promise<SearchFilesResponse>;
  /** What is in a directory, hidden entries included. Symbolic links are not followed. */
  listDirectory(entry: DirectoryListEntry, options?: CallOptions | AbortSignal): Promise<FileInfo[]>;
  /** Makes directories with their parents. One that exists gets mode and owner anew. A path given twice is refused. */
  createDirectories(entries: CreateDirectoryEntry[], options?: CallOptions | AbortSignal): Promise<void>;
  /** Deletes directories and all that is in them; plain files, too. One that is missing is no error. */
  deleteDirectories(paths: string[], options?: CallOptions | AbortSignal): Promise<void>;
  /**
   * Writes files, one request each, one after another, and stops at the first failure. Makes missing parents. Mistakes in
   * paths and modes are found before anything is sent. A new file without a `mode` gets what the daemon's umask leaves of
   * 777, mostly 755; one that exists keeps its own.
   */
  writeFiles(entries: WriteEntry[], options?: CallOptions | AbortSignal): Promise<void>;
  /** A file as text. Bytes that are no text in the encoding become U+FFFD; a byte order mark is dropped. */
  readFile(path: string, options?: ReadFileOptions, call?: CallOptions | AbortSignal): Promise<string>;
  /** A file as bytes. */
  readBytes(path: string, options?: ReadBytesOptions, call?: CallOptions | AbortSignal): Promise<Bytes>;
  /**
   * A file as chunks, as they come. The request is sent when the first one is asked for. Can be iterated once; leaving the
   * loop closes the connection.
   *
   * @throws {@link InvalidArgumentException} at once, not in the loop.
   */
  readBytesStream(path: string, options?: ReadBytesOptions, call?: CallOptions | AbortSignal): AsyncIterable<Bytes>;
  /** Deletes files. One that is missing is no error; a directory is. */
  deleteFiles(paths: string[], options?: CallOptions | AbortSignal): Promise<void>;
  /** Moves files and directories, making missing parents. A target that exists is an error, also when it is a directory. */
  moveFiles(entries: MoveEntry[], options?: CallOptions | AbortSignal): Promise<void>;
  /** Replaces literal text, every occurrence. One that does not occur is no error. A path given twice is refused. */
  replaceContents(entries: ContentReplaceEntry[], options?: CallOptions | AbortSignal): Promise<void>;
  /** As {@link replaceContents}, and tells how often each was found. */
  replaceContentsDetailed(
    entries: ContentReplaceEntry[],
    options?: CallOptions | AbortSignal,
  ): Promise<ContentReplaceResult[]>;
  /** Sets mode and owner. Without `owner` and `group` execd resets both to its own user. A path given twice is refused. */
  setPermissions(entries: SetPermissionEntry[], options?: CallOptions | AbortSignal): Promise<void>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
