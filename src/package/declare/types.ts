// types: a file of TypeScript declarations, in which each package's nodes and columns are known.
import { utf8 } from '../../core/base/bytes.ts'
import type { Context } from '../../core/base/context.ts'
import { parseHandle } from '../../core/model/revision.ts'
import { versionRef } from '../names/revisions.ts'
import { findInstalled } from '../names/installed.ts'
import { replaceFile } from '../../worktree/replace-file.ts'
import { ls } from '../list.ts'
import { rootDraft } from '../load.ts'
import { openRevision } from '../load/opened.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Session } from '../session.ts'
import { packageModule } from './package-module.ts'

/** Where the declarations go. */
export interface TypesOptions {
  /** The file: `quilt.d.ts` in the working directory unless told. It is replaced. */
  readonly output?: string | undefined
}

/** What was written. */
export interface WrittenTypes {
  readonly file: string
  /** The handles that are declared. */
  readonly handles: readonly string[]
}

/**
 * Writes the declarations of these handles; without any, of all packages that are installed and their versions.
 * Nothing is fetched but names.
 * @throws NOT_FOUND, INVALID for a handle; DENIED, UNAVAILABLE when the file cannot be written
 * @example await types(session, ['ada/wine@1.0'])
 */
export async function types(
  session: Session,
  handles: readonly string[],
  { output = 'quilt.d.ts' }: TypesOptions = {},
  ctx?: Context,
): Promise<WrittenTypes> {
  const all = handles.length === 0 ? await installedHandles(session, ctx) : [...new Set(handles)]
  const modules: string[] = []
  for (const handle of all) {
    if (parseHandle(handle).path !== '') {
      throw new QuiltError('INVALID', `${JSON.stringify(handle)} names a node`, {
        hint: 'declare its package: OWNER/NAME[@REVISION]',
      })
    }
    const opened = await openRevision(session, { handle, options: {} }, ctx)
    modules.push(await packageModule(opened, handle, await rootDraft(opened)))
  }
  const entries = all.map(
    (handle) => `  ${JSON.stringify(handle)}: typeof import(${JSON.stringify(`quilt:${handle}`)}).default`,
  )
  const head = '// Written by: quilt types. Run it again when packages were installed or built.\n'
  const packages = `interface QuiltPackages {\n${entries.join('\n')}\n}\n`
  const file = session.resolvePath(output)
  const place = { fs: session.fs, path: file, randomName: session.ambient.randomName() }
  await replaceFile(place, utf8([head, packages, ...modules].join('\n')), ctx)
  return { file, handles: all }
}

/** Every package at `latest`, and at each version whose names are here. */
async function installedHandles(session: Session, ctx?: Context): Promise<readonly string[]> {
  const handles = new Set<string>()
  for await (const { package: name, commit, versions } of ls(session, {}, ctx)) {
    if (commit !== undefined) handles.add(name)
    const found = await findInstalled(session, parseHandle(name).pkg, ctx)
    for (const version of versions) {
      const ref = found === undefined ? undefined : versionRef(found.state, version)
      const id = ref === undefined ? undefined : found?.state.refs.get(ref)
      if (id !== undefined && found?.state.partial.get(id) !== 'commit') handles.add(`${name}@${version}`)
    }
  }
  return [...handles]
}
