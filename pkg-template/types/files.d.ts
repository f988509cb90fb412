// Files and directories.

import type { CallOptions } from "./connection.js";
import type { InvalidArgumentException } from "./errors.js";
import type {
  Bytes,
  DirectoryEntry,
  DownloadOptions,
  FileDownload,
  TransferProgress,
  UploadAllOptions,
  UploadAllResult,
  WriteFilesOptions,
} from "./transfers.js";

/** What kind of entry of a directory it is. `"other"`: a pipe, a device, a socket. */
export type FileEntryType = "file" | "directory" | "symlink" | "other";

/** What a file is. */
export interface FileInfo extends Record<string, unknown> {
  /** Absolute. */
  path: string;
  /** Of a symbolic link it is the link's own. */
  type?: FileEntryType;
  /** In bytes. */
  size?: number;
  /** When its content was changed last. */
  modifiedAt?: Date;
  /** When its metadata was changed last: execd gives the ctime. */
  createdAt?: Date;
  /** Octal digits written as a decimal number: 644 is `rw-r--r--`. */
  mode?: number;
  /** A name, or the number as text where there is none. */
  owner?: string;
  /** As `owner`. */
  group?: string;
}

/** What the files are, by the paths that were asked for. */
export type FilesInfoResponse = Record<string, FileInfo>;
/** The files that were found. */
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
  /** As `owner`. */
  group?: string | undefined;
}

/**
 * Something to write. Paths of all entries: `$NAME` and `${NAME}` are expanded from the daemon's environment; any other `$`
 * would be dropped by execd and is refused here.
 */
export interface WriteEntry extends Ownership {
  /** Where to write it. */
  path: string;
  /**
   * Default: an empty file. A stream, or an iterable of bytes or text, is sent as it comes where the runtime can do that:
   * Node, Deno, Bun, workerd; nothing is taken from it before the network has room. In pages it is collected first. A `Blob`
   * or `File` is read as it is sent, so that one on a disk never is in memory as a whole.
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

/**
 * A directory to make. Without a `mode` a new one gets what the daemon's umask leaves of 777, mostly 755, and one that exists
 * keeps its own.
 */
export interface CreateDirectoryEntry extends Ownership {
  /** Which directory to make. */
  path: string;
}

/** Mode and owner for a file or a directory. */
export interface SetPermissionEntry extends Ownership {
  /** Which one. It must exist. */
  path: string;
  /** Octal digits written as a number: 644. Left out, the mode stays as it is. */
  mode?: number | undefined;
}

/** One thing to move or rename. */
export interface MoveEntry {
  /** Where it is. */
  src: string;
  /** Where it is to be, with its name. */
  dest: string;
}

/** A text in a file, and what to put in its place. */
export interface ContentReplaceEntry {
  /** Which file. */
  path: string;
  /** Literal text, not empty. */
  oldContent: string;
  /** What to put in its place. May be empty. */
  newContent: string;
}

/** How often a text was found. */
export interface ContentReplaceResult {
  /** Which file. */
  path: string;
  /** How many occurrences were replaced. */
  replacedCount: number;
}

/** Which files to look for. */
export interface SearchEntry {
  /** The directory to look in, at any depth. */
  path: string;
  /** For the **base name** only: `*.py`, `{a,b}.*`, `?`. Default: all files. */
  pattern?: string | undefined;
}

/** Which directory to list. */
export interface DirectoryListEntry {
  /** The directory. */
  path: string;
  /** Default 1. */
  depth?: number | undefined;
}

/** Which part of a file to read. */
export interface ReadBytesOptions {
  /** Value of a `Range` header: `bytes=0-9`. One that is past the end is a 416. */
  range?: string | undefined;
  /**
   * First line, counted from 1. Default: 1. Not together with `range`.
   *
   * A line ends behind its LF; a CR before that belongs to it, and the last line may end without. An execd that reads lines
   * (those after 1.0.12) sends no others; where one does not, the file is sent from its beginning, the lines are cut out
   * here, and no more is read than up to the last one. The result is the same, but for an execd of the time between, which
   * ends each line with an LF and drops the CR.
   */
  offset?: number | undefined;
  /** Number of lines, at least 1. Default: all that follow. */
  limit?: number | undefined;
  /**
   * Called for each chunk that comes, with how far it is. `total` is that of a `Content-Length`; with `offset` or `limit`
   * there is none. What it throws ends the call and is what it rejects with.
   */
  onProgress?: ((progress: TransferProgress) => unknown) | undefined;
  /** A signal in the last argument wins over this one. */
  signal?: AbortSignal | undefined;
}

export interface ReadFileOptions extends ReadBytesOptions {
  /** A label that `TextDecoder` knows. Default `"utf-8"`. */
  encoding?: string | undefined;
}

/**
 * Files and directories of the sandbox. Calls on several files are not atomic: execd stops at the first failure.
 *
 * `getFileInfo`, `deleteFiles` and `deleteDirectories` may be given any number of paths: these travel in the address, and
 * more than 500 of them, or more than fit into one of 4 KiB, are sent in several requests, one after another. The time limit
 * is then that of each.
 */
export interface SandboxFiles {
  /** Keyed by the paths as given. One that is missing fails the whole call with a 404. */
  getFileInfo(paths: string[], options?: CallOptions | AbortSignal): Promise<FilesInfoResponse>;
  /** Files below a directory by their names, hidden ones included, directories never. */
  search(entry: SearchEntry, options?: CallOptions | AbortSignal): Promise<SearchFilesResponse>;
  /** What is in a directory, hidden entries included. Symbolic links are not followed. */
  listDirectory(entry: DirectoryListEntry, options?: CallOptions | AbortSignal): Promise<FileInfo[]>;
  /** Makes directories with their parents. One that exists gets its owner anew, and its mode if one is given. A path given twice is refused. */
  createDirectories(entries: CreateDirectoryEntry[], options?: CallOptions | AbortSignal): Promise<void>;
  /** Deletes directories and all that is in them; plain files, too. One that is missing is no error. */
  deleteDirectories(paths: string[], options?: CallOptions | AbortSignal): Promise<void>;
  /**
   * Writes files, one request each, one after another, and stops at the first failure. Makes missing parents. Mistakes in
   * paths and modes are found before anything is sent. A new file without a `mode` gets what the daemon's umask leaves of
   * 777, mostly 755; one that exists keeps its own. An error has the `path` of the file; what a stream of yours throws
   * is passed on as it is.
   *
   * **Time limit.** Where the runtime can send a stream, `requestTimeoutSeconds` is how long an upload may stand still: it
   * counts while no byte is taken by the network, and after the last one while execd stores the file, but not while your
   * stream is making the next chunk. Elsewhere (in pages, and for what is in memory and not larger than 1 MiB) it is the limit
   * of the whole request: raise it for large files, or set it to 0.
   */
  writeFiles(entries: WriteEntry[], options?: WriteFilesOptions | AbortSignal): Promise<void>;
  /**
   * Writes whatever an iterable gives, several files at a time, each as {@link writeFiles} does. An entry is taken when it can
   * be sent. A path given twice is refused.
   *
   * At the first failure it takes no further entries, aborts the uploads under way and rejects with that failure, whose `path`
   * says which file it was. What the `data` of an entry throws is the `cause` of a `SandboxException` with the code
   * `SOURCE_FAILED`; what the iterable or `onProgress` throws is passed on as it is. Files that were written stay.
   *
   * @example
   * async function* entries() {
   *   for await (const name of glob("site/**")) yield { path: `/srv/${name}`, data: await openAsBlob(name) };
   * }
   * const { files, bytes } = await sandbox.files.uploadAll(entries(), { concurrency: 8 });
   */
  uploadAll(
    entries: Iterable<WriteEntry | PromiseLike<WriteEntry>> | AsyncIterable<WriteEntry>,
    options?: UploadAllOptions | AbortSignal,
  ): Promise<UploadAllResult>;
  /** A file as text. Bytes that are no text in the encoding become U+FFFD; a byte order mark is dropped. */
  readFile(path: string, options?: ReadFileOptions, call?: CallOptions | AbortSignal): Promise<string>;
  /** A file as bytes. The time limit holds for the whole of it: {@link download} has none for what moves. */
  readBytes(path: string, options?: ReadBytesOptions, call?: CallOptions | AbortSignal): Promise<Bytes>;
  /**
   * A file as chunks, as they come. The request is sent when the first one is asked for. Can be iterated once; leaving the
   * loop closes the connection.
   *
   * @throws {@link InvalidArgumentException} at once, not in the loop.
   */
  readBytesStream(path: string, options?: ReadBytesOptions, call?: CallOptions | AbortSignal): AsyncIterable<Bytes>;
  /**
   * A file as chunks, over as many connections as it takes: for large files and bad lines. To be read once, as an async
   * iterable, as a `ReadableStream`, or into memory; nothing is sent before it is.
   *
   * First the file is looked at (`getFileInfo`). When the connection breaks, ends early, or brings nothing for
   * `requestTimeoutSeconds`, that is done again: if size and time of change are the same, the rest is asked for with a
   * `Range`, up to `maxResumes` times; before each there is a pause of 0.1 s, doubled up to 5 s while nothing comes. After a
   * resume the file is compared once more at the end. What you get is the file or an error.
   *
   * Rejects with a `SandboxException` with the code `FILE_CHANGED` when it is not the same file any more, and with the error
   * of the connection when it was resumed often enough. What is no plain file is read without a second try: of a symbolic
   * link execd describes the link and reads the target.
   *
   * @throws {@link InvalidArgumentException} at once for wrong arguments; when it is read, for a directory.
   * @example
   * const download = sandbox.files.download("/data/model.bin", { onProgress: ({ loaded, total }) => show(loaded / total) });
   * await download.toReadableStream().pipeTo(await fileHandle.createWritable());
   */
  download(path: string, options?: DownloadOptions, call?: CallOptions | AbortSignal): FileDownload;
  /**
   * All that is in a directory, at any depth: the list is asked for when the first entry is, and no content before you ask
   * an entry for it. Directories come before what is in them. Symbolic links and odd files (pipes, devices, sockets) are
   * reported and neither read nor followed. Can be iterated once.
   *
   * One directory in it that cannot be read fails the call, as execd does it. A list that leads out of the directory is
   * refused (`UNEXPECTED_RESPONSE`), so that each `path` can be joined to a folder of yours. On Windows mind names that have a
   * backslash.
   *
   * @throws {@link InvalidArgumentException} at once, not in the loop.
   * @example
   * for await (const entry of sandbox.files.downloadDirectory("/srv/out")) {
   *   if (entry.info.type === "file") await save(entry.path, await entry.bytes());
   * }
   */
  downloadDirectory(path: string, options?: CallOptions | AbortSignal): AsyncIterable<DirectoryEntry>;
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
