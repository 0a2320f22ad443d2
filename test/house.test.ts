// The house's rules, checked over every source: first that they see the files, and catch what is planted.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { unusedExports } from './support/unused-exports.ts'
import { checkHouse, importsOfSource, ruleNames, type RuleName, type Source } from './support/house-rules.ts'

const home = fileURLToPath(new URL('..', import.meta.url))

function readSources(folder: string): readonly Source[] {
  return readdirSync(join(home, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort()
    .map((path) => ({ path, text: readFileSync(join(home, path), 'utf8') }))
}

const sources = ['src', 'test', 'bench']
  .filter((folder) => existsSync(join(home, folder)))
  .flatMap(readSources)
const count = (prefix: string): number => sources.filter(({ path }) => path.startsWith(prefix)).length

describe('the check sees the house', () => {
  test('reads as many files as another walk of the folders finds', () => {
    for (const folder of ['src', 'test']) {
      const listed = execFileSync('find', [folder, '-name', '*.ts', '-type', 'f'], {
        cwd: home,
        encoding: 'utf8',
      })
      expect(count(`${folder}/`)).toBe(listed.trim().split('\n').length)
    }
    expect(count('src/core/')).toBeGreaterThan(20)
    expect(count('src/')).toBeGreaterThan(35)
  })

  test('sees the imports of the files that it reads', () => {
    const imports = sources.filter(({ path }) => path.startsWith('src/')).flatMap(importsOfSource)
    expect(imports.length).toBeGreaterThan(100)
    expect(imports.filter(({ form }) => form === 'type').length).toBeGreaterThan(20)
    expect(imports.some(({ form }) => form === 'dynamic')).toBe(true)
  })

  test('counts as many import lines as a plain search does', () => {
    for (const source of sources.filter(({ path }) => path.startsWith('src/'))) {
      const plain = source.text.match(/^(?:import\b.*|\}) from '[^']+'$/gm)?.length ?? 0
      const seen = importsOfSource(source).filter(({ form }) => form !== 'dynamic')
      expect(seen.length, source.path).toBeGreaterThanOrEqual(plain)
    }
  })
})

/** One broken rule each, as a small house of its own. `clean` are its near misses. */
const planted: Readonly<
  Record<RuleName, { readonly bad: readonly Source[]; readonly clean?: readonly Source[] }>
> = {
  room: { bad: [file('attic/trunk.ts', '')] },
  floor: {
    bad: [file('core/model/a.ts', "import type { B } from '../store/b.ts'"), file('core/store/b.ts', '')],
    clean: [file('core/store/a.ts', "import { b } from '../model/b.ts'"), file('core/model/b.ts', '')],
  },
  unresolved: { bad: [file('core/base/a.ts', "export { b } from './b.ts'")] },
  node: {
    bad: [file('core/store/a.ts', "const fs = await import('node:fs')")],
    clean: [
      file('core/base/a-node.ts', "import 'node:fs'"),
      file('worktree/b.ts', "// 'node:fs'\nimport 'node:fs'"),
    ],
  },
  packages: {
    bad: [file('core/store/a.ts', "import { pack } from 'msgpackr'")],
    clean: [file('core/codec/a.ts', "import { sha256 } from '@noble/hashes/sha2.js'")],
  },
  ambient: {
    bad: [file('core/repo/a.ts', 'const t = `${`a ${Date.now()}`}`')],
    clean: [
      file(
        'core/repo/a.ts',
        "// Date.now()\nconst a = 'Date.now()' + new Date(0); const r = /Math.random/; b.process",
      ),
      file('cli/main.ts', 'process.exit()'),
    ],
  },
  printing: {
    bad: [file('commands/a.ts', 'console.log(1)')],
    clean: [file('cli/output.ts', 'process.stdout.write(1)')],
  },
  cycle: {
    bad: [
      file('core/base/a.ts', "import type { B } from './b.ts'"),
      file('core/base/b.ts', "import { a } from './a.ts'"),
    ],
    clean: [
      file('core/base/a.ts', "import { b } from './b.ts'"),
      file('core/base/b.ts', "// import './a.ts'"),
    ],
  },
  'export-all': {
    bad: [file('core/base/a.ts', "export * from './b.ts'"), file('core/base/b.ts', '')],
    clean: [file('core/base/a.ts', "export { b } from './b.ts'"), file('core/base/b.ts', '')],
  },
  index: { bad: [file('core/base/index.ts', '')], clean: [file('index.ts', '')] },
  'default-export': {
    bad: [file('core/base/a.ts', 'const a = 1\nexport { a as default }')],
    clean: [
      file('commands/a.ts', 'export default class A {}'),
      file('core/base/a.ts', "const s = 'export default'"),
    ],
  },
  name: {
    bad: [file('core/base/a.ts', 'const packManager = 1')],
    clean: [file('core/base/a.ts', 'commonPrefix()')],
  },
  lines: {
    bad: [file('core/base/a.ts', '\n'.repeat(401))],
    clean: [file('core/base/a.ts', '\n'.repeat(400))],
  },
  folder: { bad: folderOf(17), clean: folderOf(16) },
  heavy: {
    bad: [file('package/a.ts', "import { Level } from 'level'")],
    clean: [
      file('worktree/a.ts', "import type { Level } from 'level'\nconst { Level } = await import('level')"),
    ],
  },
  dynamic: {
    bad: [file('package/a.ts', 'await import(name)')],
    clean: [file('package/a.ts', 'a.import(name)')],
  },
}

function file(path: string, text: string): Source {
  return { path: `src/${path}`, text }
}

function folderOf(files: number): readonly Source[] {
  return Array.from({ length: files }, (_, i) => file(`core/base/a${String(i)}.ts`, ''))
}

describe('a planted violation is caught', () => {
  test.each(ruleNames)('of the rule "%s"', (rule) => {
    const { bad, clean = [] } = planted[rule]
    expect(checkHouse(bad).map((found) => found.rule)).toContain(rule)
    expect(checkHouse(clean).filter((found) => found.rule === rule)).toEqual([])
  })

  const views: readonly (readonly [from: string, to: string, allowed: boolean])[] = [
    ['commands/a.ts', 'cli/b.ts', true],
    ['cli/a.ts', 'commands/b.ts', false],
    ['session/a.ts', 'plugins/host.ts', true],
    ['package/a.ts', 'session/b.ts', false],
    ['package/a.ts', 'plugins/host.ts', false],
    ['plugins/backends/file.ts', 'plugins/api.ts', true],
    ['plugins/backends/file.ts', 'core/base/error.ts', false],
    ['plugins/backends/file.ts', 'plugins/backends/file-lock.ts', true],
    ['plugins/backends/file.ts', 'plugins/backends/s3.ts', false],
    ['session/a.ts', 'plugins/backends/file.ts', false],
    ['worktree/a.ts', 'table/b.ts', false],
    ['core/codec/a.ts', 'core/chunk/b.ts', false],
    ['core/tree/a.ts', 'core/repo/b.ts', false],
    ['testing/a.ts', 'core/backend/b.ts', true],
    ['testing/a.ts', 'package/b.ts', false],
    ['index.ts', 'session/b.ts', true],
    ['index.ts', 'testing/b.ts', false],
  ]
  test.each(views)('%s looking at %s: allowed %s', (from, to, allowed) => {
    const steps = from.split('/').length - 1
    const module = steps === 0 ? `./${to}` : '../'.repeat(steps) + to
    const found = checkHouse([file(from, `import type { X } from '${module}'`), file(to, '')])
    expect(found.filter(({ rule }) => rule === 'floor').length).toBe(allowed ? 0 : 1)
  })
})

test('the house keeps its rules', () => {
  const findings = checkHouse(sources)
  expect(
    findings.map(({ rule, path, line, message }) => `${path}:${String(line)} ${rule}: ${message}`),
  ).toEqual([])
})

describe('what is exported', () => {
  test('and spoken of nowhere else is caught', () => {
    const own = [file('core/base/a.ts', 'export const lonely = 1\nexport function told() {}\n// lonely')]
    expect(unusedExports(own)).toEqual(['src/core/base/a.ts: lonely', 'src/core/base/a.ts: told'])
    const user = { path: 'test/a.test.ts', text: "import { lonely } from '../src/core/base/a.ts'" }
    expect(unusedExports([...own, user], ['| `told` in `src/core/base/a.ts` |'])).toEqual([])
  })

  test('is used elsewhere, or stands in the format', () => {
    const documents = ['format.md', 'plugins.md'].map((name) => join(home, 'docs', name)).filter(existsSync)
    expect(
      unusedExports(
        sources,
        documents.map((path) => readFileSync(path, 'utf8')),
      ),
    ).toEqual([])
  })
})
