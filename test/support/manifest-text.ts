// Build files as tests write them: a text in, a manifest or its problems out.
import { expect } from 'vitest'
import type { Manifest, ManifestNode } from '../../src/package/manifest.ts'
import { parseManifest } from '../../src/package/manifest/parse.ts'
import { problemsOf } from '../../src/package/manifest/problems.ts'

/** A text as a manifest, and its problems, a line each: `line:column: what`. */
export async function parse(
  text: string,
): Promise<{ manifest: Manifest | undefined; problems: readonly string[] }> {
  const problems = problemsOf('build.yml')
  const manifest = await parseManifest(text, problems)
  const told = problems.found.map(
    ({ line, column, message }) => `${String(line)}:${String(column)}: ${message}`,
  )
  return { manifest, problems: told }
}

/** A text in which nothing is wrong. */
export async function good(text: string): Promise<Manifest> {
  const { manifest, problems } = await parse(text)
  expect(problems).toEqual([])
  return manifest as Manifest
}

/** What is wrong in a text. */
export async function bad(text: string): Promise<readonly string[]> {
  return (await parse(text)).problems
}

/** Kinds by path, with what is said of reading. */
export function drawn(node: ManifestNode, path = ''): Record<string, unknown> {
  if (node.kind !== 'group') {
    const reading = 'reading' in node ? node.reading : undefined
    return { [path]: reading === undefined ? node.kind : [reading.parser, reading.options] }
  }
  const below = [...node.children].map(([name, child]) =>
    drawn(child, path === '' ? name : `${path}/${name}`),
  )
  return Object.assign(path === '' ? {} : { [path]: 'group' }, ...below) as Record<string, unknown>
}
