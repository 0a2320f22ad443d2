// The file system as an argument: the real one, or memfs. A type only, nothing of node runs here.

/** The part of `node:fs` that the file backend and the worktree use. `node:fs` and memfs both fit. */
export type FileSystem = Pick<
  typeof import('node:fs'),
  | 'accessSync'
  | 'chmodSync'
  | 'closeSync'
  | 'existsSync'
  | 'fstatSync'
  | 'fsyncSync'
  | 'linkSync'
  | 'lstatSync'
  | 'mkdirSync'
  | 'openSync'
  | 'readSync'
  | 'readdirSync'
  | 'readlinkSync'
  | 'realpathSync'
  | 'renameSync'
  | 'rmSync'
  | 'rmdirSync'
  | 'statSync'
  | 'symlinkSync'
  | 'unlinkSync'
  | 'utimesSync'
  | 'writeSync'
> & {
  /** Says by a magic number of what kind the file system is; not every one can say. */
  readonly statfsSync?: (path: string) => { readonly type: number }
  readonly promises: Pick<
    typeof import('node:fs').promises,
    'access' | 'link' | 'lstat' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'rmdir' | 'stat' | 'unlink'
  >
}
