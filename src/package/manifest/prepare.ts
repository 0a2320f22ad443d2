// A build file, read and planned: all that is wrong in it, and in what it names, is told at once.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { FileSystem } from '../../core/base/fs-node.ts'
import { mostSources } from '../../core/codec/objects/commit.ts'
import { splitPath } from '../../core/model/path.ts'
import { sourceRoot } from '../../worktree/named/place.ts'
import type { Manifest, ManifestNode, NamedCheck } from '../manifest.ts'
import type { SourceSetting } from '../source/setting.ts'
import { composePart } from './compose.ts'
import { parseChecks, parseManifest } from './parse.ts'
import { planTree } from './plan.ts'
import type { Plan } from './planned.ts'
import { problemsOf, quoted, suggestion, type Problems } from './problems.ts'
import { readYaml } from './read-yaml.ts'

/** A build file: its absolute path, and as it is shown. */
export interface ManifestSource {
  readonly path: string
  readonly shown: string
}

/** A build file whose sources were all found. */
export interface PreparedManifest {
  readonly folder: string
  /** The build file, as it is shown. */
  readonly shown: string
  readonly plan: Plan
  /** Every check by name: the build file's own before those of `checks.yml`. */
  readonly checks: Manifest['checks']
  readonly notes: readonly string[]
}

/** What to do about a build file that is too large. */
const manyFiles = 'name many files by a pattern, or build a folder'
/** Name of the file beside a build file that may define checks. */
const checksFile = 'checks.yml'

/**
 * Reads and plans a build file.
 * @throws INVALID listing every problem; DENIED, UNAVAILABLE, CORRUPT for what is no fault of the file
 */
export async function prepareManifest(
  { path, shown }: ManifestSource,
  setting: Omit<SourceSetting, 'objects' | 'commit' | 'followLinks'>,
  ctx?: Context,
): Promise<PreparedManifest> {
  const { session, at, allowOutside, fetch } = setting
  const { fs } = session
  const problems = problemsOf(shown)
  const root = sourceRoot(fs, path, { store: (await session.local()).folder, outside: allowOutside })
  const depth = splitPath(at.path).length
  const manifest = await parseManifest(readYaml(fs, path, shown, manyFiles), problems, depth)
  if (manifest === undefined) throw unread(problems)
  const checks = await allChecks(fs, root.folder, manifest, problems)
  const compose = { session, pkg: at.pkg, problems, fetch }
  let parts = 0
  const plan = await planTree(
    manifest,
    {
      root,
      problems,
      depth,
      compose: (node, place) => {
        if (++parts === mostSources + 1)
          problems.add(node.at, `a package has at most ${String(mostSources)} composed parts`)
        return composePart(compose, node, place, ctx)
      },
    },
    ctx,
  )
  problems.check()
  if (plan === undefined) throw unread(problems)
  return { folder: root.folder, shown, plan, checks, notes: plan.notes }
}

function unread(problems: Problems): QuiltError {
  problems.check()
  return new QuiltError('INVALID', `"${problems.file}" holds nothing that can be built`)
}

/** The checks that are defined; those that files name and nobody defines are problems. */
async function allChecks(
  fs: FileSystem,
  folder: string,
  manifest: Manifest,
  problems: Problems,
): Promise<Manifest['checks']> {
  const named = [...checksNamed(manifest.contents)]
  const beside = `${folder}/${checksFile}`
  const checks = new Map(
    named.length > 0 && fs.existsSync(beside) ? await checksBeside(fs, beside, problems) : [],
  )
  for (const [name, check] of manifest.checks) checks.set(name, check)
  for (const { name, at } of named) {
    if (!checks.has(name))
      problems.add(at, `no check is called ${quoted(name)}${suggestion(name, [...checks.keys()])}`)
  }
  return checks
}

async function checksBeside(fs: FileSystem, path: string, problems: Problems): Promise<Manifest['checks']> {
  const shown = problems.file.slice(0, problems.file.lastIndexOf('/') + 1) + checksFile
  const own = problemsOf(shown)
  const checks = await parseChecks(readYaml(fs, path, shown), own)
  problems.include(own.found)
  return checks
}

function* checksNamed(node: ManifestNode): Generator<NamedCheck> {
  if (node.kind === 'file' || node.kind === 'glob') yield* node.checks
  else if (node.kind === 'group') for (const child of node.children.values()) yield* checksNamed(child)
}
