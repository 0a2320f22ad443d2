// The TypeScript in the documents is what the library takes: every block is checked against its types.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { blocksOf } from './support/docs-examples.ts'

const home = fileURLToPath(new URL('..', import.meta.url))

interface Example {
  readonly name: string
  readonly text: string
}

function examples(): readonly Example[] {
  const inDocs = readdirSync(join(home, 'docs'), { recursive: true, encoding: 'utf8' })
  const paths = ['README.md', ...inDocs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]
  return paths.flatMap((path) =>
    blocksOf(readFileSync(join(home, path), 'utf8'))
      .filter(({ language }) => language === 'ts')
      .map(({ line, lines }) => ({
        name: `${path.replaceAll('/', '-')}-${String(line)}.ts`,
        text: lines.join('\n'),
      })),
  )
}

/** Strict, as most projects are, and no stricter. */
const asPeopleHaveIt = {
  noUnusedLocals: false,
  noUncheckedIndexedAccess: false,
  noPropertyAccessFromIndexSignature: false,
  lib: ['es2023', 'esnext.disposable'],
}

/** What the compiler says of these, in a folder of their own from which `quilt-ts` is the sources. */
function complaints(all: readonly Example[]): string {
  const folder = join(home, 'node_modules', '.cache', 'quilt', `docs-${String(process.pid)}`)
  mkdirSync(folder, { recursive: true })
  try {
    for (const { name, text } of all) writeFileSync(join(folder, name), `${text}\nexport {}\n`)
    const paths = { 'quilt-ts': [join(home, 'src', 'index.ts')] }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: join(home, 'tsconfig.json'),
        compilerOptions: { ...asPeopleHaveIt, paths, noEmit: true, types: ['node'] },
        include: ['*.ts'],
      }),
    )
    const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    return stdout
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('every block of TypeScript in the documents fits the library', () => {
  const all = examples()
  expect(all.length).toBeGreaterThan(3)
  expect(complaints(all)).toBe('')
  const planted = { name: 'planted.ts', text: "import { build } from 'quilt-ts'\nawait build(5)" }
  expect(complaints([planted])).toContain('planted.ts(2,13): error')
})
