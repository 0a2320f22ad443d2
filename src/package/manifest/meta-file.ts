// Metadata that a build file names: a JSON file beside it.
import { fromUtf8 } from '../../core/base/bytes.ts'
import { metadataBytes, type JsonObject } from '../../core/model/metadata.ts'
import { onPath } from '../../worktree/file-error.ts'
import { locate, type SourceRoot } from '../../worktree/named/place.ts'
import { openToRead, readUpTo } from '../../worktree/read-file.ts'
import type { ManifestMeta } from '../manifest.ts'
import { quoted, type Problems } from './problems.ts'
import { keptProblem } from './settings.ts'

/** JSON may be written with spaces and escapes, which take room. */
const mostBytes = metadataBytes * 8

/** What the file holds; `undefined` where there is nothing, or after telling what is wrong. */
export function readMetaFile(
  root: SourceRoot,
  { at, path }: Extract<ManifestMeta, { readonly kind: 'file' }>,
  problems: Problems,
): JsonObject | undefined {
  const value = parsed(root, path)
  if ('problem' in value) {
    problems.add(at, `the metadata ${quoted(path)}: ${value.problem}`)
    return undefined
  }
  return Object.keys(value.meta).length === 0 ? undefined : value.meta
}

function parsed(
  root: SourceRoot,
  path: string,
): { readonly meta: JsonObject } | { readonly problem: string } {
  const located = locate(root, path)
  if ('problem' in located) return located
  const text = readText(root, located.path)
  if (text === undefined)
    return { problem: `it is no text in UTF-8 of at most ${String(mostBytes / 1024)} KiB` }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { problem: `it is no JSON: ${error instanceof Error ? error.message : ''}` }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { problem: 'it must be a JSON object' }
  const problem = keptProblem(value as JsonObject)
  return problem === undefined ? { meta: value as JsonObject } : { problem }
}

function readText({ fs }: SourceRoot, path: string): string | undefined {
  const handle = openToRead(fs, path)
  try {
    const bytes = onPath('read', path, () => readUpTo(fs, handle, mostBytes))
    return bytes.length > mostBytes ? undefined : fromUtf8(bytes)?.replace(/^\uFEFF/, '')
  } finally {
    onPath('read', path, () => fs.closeSync(handle))
  }
}
