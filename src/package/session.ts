// What the verbs are handed: this machine's store, remotes by name, the file system, who is asking, and the time.
import type { Ambient } from '../core/base/ambient.ts'
import type { Context } from '../core/base/context.ts'
import type { FileSystem } from '../core/base/fs-node.ts'
import type { Identity } from '../core/model/commit.ts'
import type { PackRepository } from '../core/repo/open-repository.ts'
import type { Remote } from '../core/repo/remote.ts'
import type { Scratch } from '../core/repo/sets/scratch.ts'
import type { FileSink, ParserListing } from '../plugins/api.ts'
import type { EngineWrites, TableEngine } from '../table/engine.ts'
import type { SandboxHost } from '../table/sandbox/child-process.ts'
import type { StatCache } from '../worktree/stat-cache.ts'

/** A session: opened by an edge, handed to every verb, closed by the edge. */
export interface Session {
  /** This machine's store, made when it is first used. */
  local(): Promise<LocalStore>
  /** Further stores, read-only: QUILT_PACKAGE_DIRS. They serve what is installed in them. */
  extra(): Promise<readonly LocalStore[]>
  /** The remote of this name or address; the caller does not close it. */
  remote(nameOrAddress: string): Promise<OpenRemote>
  /** The place behind an address, for plain files; the caller closes it. */
  files(address: URL): Promise<FileSink>
  /** The remote to use where nothing else says one. */
  readonly defaultRemote: string | undefined
  readonly fs: FileSystem
  /** The stat cache, opened when it is first used. */
  statCache(): Promise<StatCache>
  /** A git repository's files, in a folder that is removed when it is closed. */
  clone(
    what: { readonly address: string; readonly branch: string | undefined },
    ctx?: Context,
  ): Promise<ClonedFolder>
  /** An absolute path, from one that is relative to the working directory. */
  resolvePath(path: string): string
  /** True where Windows says which names a file may have. */
  readonly windows: boolean
  /** True when the file system of a folder keeps the executable bit. */
  keepsExecutableBit(folder: string): boolean
  readonly ambient: Ambient
  /** A place for what does not fit in memory. Cleared when the session is closed. */
  readonly scratch: Scratch
  /** What reads and asks tables. */
  readonly tables: TableTools
  /** Who builds, pushes and tags, now. */
  identity(): Identity
  /** Says what a person should know, and no script has to. */
  warn(message: string): void
  close(): Promise<void>
}

/** Parsers, and the engine that makes tables of what they say. */
export interface TableTools {
  readonly parsers: readonly ParserListing[]
  /** True where the engine can read what the store puts on disk: not where the store's disk is memory. */
  readonly onDisk: boolean
  /** The engine that makes views, started when it is first used; it is closed with the session. */
  engine(): TableEngine
  /** The same with more memory, for tables of very many columns. */
  wideEngine(): TableEngine
  /**
   * An engine of the caller's own that may read these files, write what `writes` says, and nothing else; the caller
   * closes it. One that only reads may be kept then, for who asks for the same files next.
   */
  engineFor(files: readonly string[], writes?: EngineWrites): TableEngine
  /** What the processes need that checks run in; their folders lie where those of the engine do. */
  sandboxHost(): SandboxHost
  /** A path on disk that nobody has, in a folder that goes when the session is closed. */
  newPath(): string
  /** The bytes of a file that lies there. */
  bytesAt(path: string): AsyncIterable<Uint8Array>
}

/** A store on this machine. */
export interface LocalStore {
  readonly repository: PackRepository
  /** Its folder, absolute. */
  readonly folder: string
}

/** The files of a git repository, without its history. */
export interface ClonedFolder {
  readonly folder: string
  close(): void
}

/** A remote and its address. */
export interface OpenRemote {
  readonly address: string
  readonly remote: Remote
}
