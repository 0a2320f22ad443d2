// generate: a build file that says what a build of the folder would take. The folder is scanned by the very code that
// builds it; no file is read for it.
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import { utf8 } from '../core/base/bytes.ts'
import type { Id } from '../core/model/id.ts'
import { dryRun } from '../core/store/dry-writer.ts'
import { nodeReader } from '../core/tree/node.ts'
import { walk, type Located } from '../core/tree/walk.ts'
import { onPath } from '../worktree/file-error.ts'
import { replaceFile } from '../worktree/replace-file.ts'
import { snapshot } from '../worktree/snapshot.ts'
import { stampsAlone } from '../worktree/named/stamps-alone.ts'
import { buildFileName, storeWithin } from './source/build-source.ts'
import { keyLine } from './manifest/yaml-text.ts'
import { manifestBytes } from './manifest/yaml-value.ts'
import type { Session } from './session.ts'

/** How to generate. */
export interface GenerateOptions {
  /** Replace a build file that is there. */
  readonly force?: boolean | undefined
}

/** What was written: the build file's absolute path. */
export interface Generated {
  readonly file: string
  /** Files that it names. */
  readonly files: number
}

/** Text is written in pieces of about this many characters. */
const pieceLength = 64 * 1024

/**
 * Writes `build.yml` into a folder: a build with it has the top hash of a build of the folder.
 * @throws CONFLICT when there is a build file; NOT_FOUND, INVALID, DENIED naming the path
 * @example const { file } = await generate(session, './wine')
 */
export async function generate(
  session: Session,
  folder: string,
  options: GenerateOptions = {},
  ctx?: Context,
): Promise<Generated> {
  const { fs } = session
  const path = session.resolvePath(folder)
  const file = `${path === '/' ? '' : path}/${buildFileName}`
  if (!onPath('read', path, () => fs.statSync(path)).isDirectory()) {
    throw new QuiltError('INVALID', `"${path}" is no folder`, {
      hint: 'generate writes a build file for a folder',
    })
  }
  if (options.force !== true && fs.existsSync(file)) throw exists(file)
  const { tree, files, reader } = await scan(session, path, ctx)
  const nodes = nodeReader(reader)
  const place = { fs, path: file, randomName: session.ambient.randomName(), absent: options.force !== true }
  await replaceFile(place, textOf(linesOf(walk(nodes, tree, ctx))), ctx)
  return { file, files }
}

function exists(file: string): QuiltError {
  return new QuiltError('CONFLICT', `the build file "${file}" already exists`, {
    hint: 'replace it with --force',
  })
}

/** The folder's tree, as a build would make it but for the ids of its blobs: no file is opened. */
async function scan(
  session: Session,
  folder: string,
  ctx?: Context,
): Promise<{
  readonly tree: Id
  readonly files: number
  readonly reader: ReturnType<typeof dryRun>['objects']
}> {
  const local = await session.local()
  const { out, objects } = dryRun(local.repository.objects)
  const store = storeWithin(session.fs, folder, local.folder)
  const made = await snapshot(
    {
      fs: session.fs,
      folder,
      ...(store === undefined ? undefined : { store }),
      out: { ...out, missing: () => Promise.resolve([]) },
      cache: stampsAlone(session.fs),
      now: () => session.ambient.now(),
      outside: 'refuse',
      depth: 0,
    },
    ctx,
  )
  return { tree: made.tree, files: made.files, reader: objects }
}

/** The build file line by line. A group's children follow it in the order of the walk. */
async function* linesOf(nodes: AsyncIterable<Located>): AsyncGenerator<string> {
  let waiting: string | undefined = 'contents:'
  let level = 0
  for await (const { path, entry } of nodes) {
    const depth = path.split('/').length
    if (waiting !== undefined) yield depth > level ? waiting : `${waiting} {}`
    waiting = undefined
    level = depth
    const indent = '  '.repeat(depth)
    if (entry.type === 'group') waiting = keyLine(indent, entry.name)
    else if (entry.type === 'link') yield keyLine(indent, entry.name, { link: entry.target })
    else yield keyLine(indent, entry.name, { file: path })
  }
  if (waiting !== undefined) yield `${waiting} {}`
}

/** @throws INVALID when there are more bytes than a build file may have */
async function* textOf(lines: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let piece = ''
  let written = 0
  const take = (): Uint8Array => {
    const bytes = utf8(piece)
    piece = ''
    if ((written += bytes.length) > manifestBytes) throw tooLarge()
    return bytes
  }
  for await (const line of lines) {
    piece += `${line}\n`
    if (piece.length >= pieceLength) yield take()
  }
  yield take()
}

function tooLarge(): QuiltError {
  return new QuiltError(
    'INVALID',
    `the build file would be larger than ${String(manifestBytes / 1024 / 1024)} MiB`,
    {
      hint: 'build the folder itself, or write a build file with patterns by hand',
    },
  )
}
