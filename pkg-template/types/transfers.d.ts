// Files on their way: progress, resumable downloads, whole directories, many uploads.

import type { CallOptions } from "./connection.js";
import type { InvalidArgumentException } from "./errors.js";
import type { FileInfo } from "./files.js";

/** Bytes of their own, such as `new Blob([…])` takes. `Uint8Array<ArrayBuffer>`, and `Uint8Array` before TypeScript 5.7. */
export type Bytes = ReturnType<Uint8ArrayConstructor["of"]>;

/** How far a file is. */
export interface TransferProgress {
  /** Path of the file in the sandbox. */
  path: string;
  /** Bytes of the file so far: taken by the network, or received. */
  loaded: number;
  /** Bytes of the whole file. Left out where it is not known: for a stream to upload, for lines. */
  total?: number;
}

/** The last argument of `writeFiles`. */
export interface WriteFilesOptions extends CallOptions {
  /**
   * Called as the network takes a file, and once more when execd has it unless all had been told already. Where the runtime
   * cannot show how far it is (in pages), it is called once for each file, when that is written. What it throws ends the call
   * and is what it rejects with.
   */
  onProgress?: ((progress: TransferProgress) => unknown) | undefined;
}

/** How far one file of many is, and how many are done. */
export interface UploadAllProgress extends TransferProgress {
  /** Files that are written. */
  filesDone: number;
}

/** The last argument of `uploadAll`. */
export interface UploadAllOptions extends CallOptions {
  /** How many files are sent at a time, 1 to 64. Default 4: browsers have six connections for one origin. */
  concurrency?: number | undefined;
  /** As that of `writeFiles`, for each file. */
  onProgress?: ((progress: UploadAllProgress) => unknown) | undefined;
}

/** What `uploadAll` has written. */
export interface UploadAllResult {
  /** How many files. */
  files: number;
  /** How many bytes they have in all. */
  bytes: number;
}

/** How to read the content of an entry of `downloadDirectory`. */
export interface EntryDownloadOptions {
  /** How often it may go on after its connection broke. Default 5; 0: not at all. */
  maxResumes?: number | undefined;
  /** Called for each chunk. What it throws ends the download and is what that rejects with. */
  onProgress?: ((progress: TransferProgress) => unknown) | undefined;
}

/** How to download a file. */
export interface DownloadOptions extends EntryDownloadOptions {
  /** A signal in the last argument wins over this one. */
  signal?: AbortSignal | undefined;
}

/** A file to be read, once, in one of three ways. Leaving the loop, or cancelling the stream, closes the connection. */
export interface FileDownload extends AsyncIterable<Bytes> {
  /** As a stream, for `pipeTo`, a `Response`, a file on a disk. */
  toReadableStream(): ReadableStream<Bytes>;
  /** Into memory. */
  bytes(): Promise<Bytes>;
}

/** Something in a directory that `downloadDirectory` has found. */
export interface DirectoryEntry {
  /** Relative to the directory, with `/` between names. Never empty; no name in it is empty, `.` or `..`. */
  readonly path: string;
  /** What it is, as the list said. */
  readonly info: FileInfo;
  /**
   * Its content, read as by `download` when it is asked for; each call reads anew. After a broken connection it is compared
   * with what the list said.
   *
   * @throws {@link InvalidArgumentException} for what is no file, and for a name with a `$`, which execd would expand.
   */
  stream(options?: EntryDownloadOptions): FileDownload;
  /** The same into memory; rejects where `stream` throws. */
  bytes(options?: EntryDownloadOptions): Promise<Bytes>;
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
