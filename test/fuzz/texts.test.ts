// Everything that people type or files say, over any text: a value that is as it should be, or one of our errors.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isKey, checkKey, longestKey } from '../../src/core/backend/key.ts'
import { isQuiltError } from '../../src/core/base/error.ts'
import { checkName, nameProblem, targetProblem } from '../../src/core/model/entry.ts'
import { isIdPrefix, parseId } from '../../src/core/model/id.ts'
import { formatPackageName, packageKey, parsePackageName } from '../../src/core/model/package-name.ts'
import { splitPath } from '../../src/core/model/path.ts'
import { parseRefName } from '../../src/core/model/ref-name.ts'
import { formatRevision, parseHandle, parseRevision } from '../../src/core/model/revision.ts'
import { generationKey } from '../../src/core/store/layout.ts'
import { identifierOf } from '../../src/package/names/alias.ts'
import { parseManifest } from '../../src/package/manifest/parse.ts'
import { problemsOf } from '../../src/package/manifest/problems.ts'
import { compareVersions, normalVersion, parseVersion } from '../../src/package/names/version.ts'
import { configurationKeys, readConfiguration } from '../../src/session/configuration.ts'
import { addressOf, isAddress } from '../../src/session/address.ts'
import { costlyRule, ignoreOf } from '../../src/worktree/ignore.ts'
import { fuzzing, fuzzTimeout } from '../support/fuzz-runs.ts'
import { anyText, damaged, endsWell } from '../support/hostile-bytes.ts'
import { tempDir } from '../support/temp-dir.ts'

const texts = anyText([
  'ada/wine',
  'lab:ada/wine/reds/a.csv@1.0',
  'latest~2',
  'tag/prod',
  'version/1.0',
  'abcdef12',
  '1.0rc1',
  'file:///x',
])

/** Calls with each of many texts; all errors must be INVALID. */
function typed<T>(what: string, parse: (text: string) => T, hold: (value: T, text: string) => void): void {
  test(
    what,
    () => {
      fc.assert(
        fc.property(texts, (text) => {
          const value = endsWell(() => parse(text), ['INVALID', 'NOT_FOUND'])
          if (value !== undefined) hold(value, text)
        }),
        fuzzing(3),
      )
    },
    fuzzTimeout,
  )
}

/** No name that leads out of where it is put. */
function stays(path: string): void {
  for (const name of path === '' ? [] : path.split('/')) expect(nameProblem(name)).toBeUndefined()
}

describe('any text as', () => {
  typed('a package', parsePackageName, (pkg, text) => {
    expect(formatPackageName(pkg)).toBe(text)
    expect(isKey(packageKey(pkg))).toBe(true)
    expect(isKey(generationKey(pkg, 1))).toBe(true)
  })
  typed('a handle', parseHandle, ({ pkg, path, revision }) => {
    expect(formatPackageName(parsePackageName(formatPackageName(pkg)))).toBe(formatPackageName(pkg))
    stays(path)
    if (revision !== undefined) expect(revision.name).not.toBe('')
  })
  typed('a revision', parseRevision, (revision) => {
    expect(parseRevision(formatRevision(revision))).toEqual(revision)
    expect(Number.isSafeInteger(revision.back) && revision.back >= 0).toBe(true)
  })
  typed('a ref', parseRefName, (name, text) => {
    expect(name).toBe(text)
    expect(text).not.toMatch(/\.\.|[\0-\x20\\~^:?*[]/)
  })
  typed('an id', parseId, (id) => {
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect(isIdPrefix(id)).toBe(true)
  })
  typed('a path', splitPath, (names, text) => {
    expect(names.join('/')).toBe(text)
    stays(text)
  })
  typed('a name', checkName, (_, name) => {
    expect(name).not.toMatch(/^\.{0,2}$|[/\\\0]/)
    expect(Buffer.from(name).toString()).toBe(name)
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255)
  })
  typed(
    'a link',
    (target) => targetProblem(target, 2),
    (problem, target) => {
      if (problem !== undefined) return
      const up = new URL(
        target.replaceAll('%', '%25').replaceAll('?', '%3f').replaceAll('#', '%23'),
        'file:///root/a/b/',
      )
      expect(target.startsWith('/') || target.includes('\\')).toBe(false)
      expect(up.protocol).toBe('file:')
    },
  )
  typed('a version', parseVersion, (version) => {
    expect(normalVersion(version)).toBe(version)
    expect(compareVersions(version, version)).toBe(0)
  })
  typed('an alias', identifierOf, (identifier) => expect(identifier).toMatch(/^[\p{L}\p{N}_]+$/u))
  typed(
    'an address',
    (text) => addressOf(text, (path) => join('/work', path)),
    (url, text) => {
      expect(isAddress(text)).toBe(true)
      expect(new URL(url.href).href).toBe(url.href)
    },
  )
  typed('a key', checkKey, (_, key) => {
    expect(key.length).toBeLessThanOrEqual(longestKey)
    expect(join('/root', key).startsWith('/root/')).toBe(true)
  })
})

describe('rules of what to leave out', () => {
  const pieces = fc.constantFrom(
    '*',
    '**',
    '**/',
    '/',
    '?',
    '[',
    ']',
    '[a-',
    '!',
    '#',
    '\\',
    ' ',
    'a',
    'b',
    '.',
    '(',
    '{',
    '+',
    '\n',
    '\r',
  )
  const rules = fc.oneof(
    fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join('')),
    texts,
  )

  test(
    'any text: each name is left out or not, soon',
    () => {
      fc.assert(
        fc.property(
          rules,
          fc.array(fc.constantFrom('a', 'ab', 'a'.repeat(100), '.b', ' '), { maxLength: 40 }),
          (text, names) => {
            if (costlyRule(text) !== undefined) return
            endsWell(() => {
              let ignore = ignoreOf().adding(text)
              for (const name of names) {
                expect(typeof ignore.ignores(name, true)).toBe('boolean')
                ignore = ignore.below(name)
              }
            }, [])
          },
        ),
        fuzzing(3),
      )
    },
    fuzzTimeout,
  )
})

describe('a build file', () => {
  test(
    'of any bytes: a manifest, or problems with their places',
    async () => {
      const seeds = [
        'checks: { a: "x > 0" }\ncontents:\n  transform: csv\n  kwargs: &k { sep: ";" }\n  a: { file: a.csv, kwargs: *k, checks: a }\n',
        'contents:\n  "**/*.[ct]sv": { meta: { a: [1, 2.5, null] } }\n  b: { package: ada/wine/x@1.0 }\n  \\meta: { l: { link: ../b } }\n',
        '%YAML 1.2\n---\n? "contents"\n: { file: { file: "\\u00e9" }, e: }\n',
      ].map((text) => new Uint8Array(Buffer.from(text)))
      await fc.assert(
        fc.asyncProperty(fc.oneof(damaged(seeds), fc.uint8Array()), async (bytes) => {
          const problems = problemsOf('build.yml')
          const manifest = await parseManifest(Buffer.from(bytes).toString('utf8'), problems)
          expect(manifest !== undefined || problems.found.length > 0).toBe(true)
          for (const { line, column } of problems.found)
            expect(Math.min(line, column)).toBeGreaterThanOrEqual(1)
        }),
        fuzzing(3),
      )
    },
    fuzzTimeout,
  )
})

describe('a configuration', () => {
  test(
    'of any bytes: values by their keys, or INVALID naming the file',
    async () => {
      const root = tempDir()
      const texts = [
        '{"store":"./s","author":{"name":"Ada","email":"a@b"},"remotes":{"lab":"file:///x"},"packageDirs":["a","b"]}',
        'store: ./s\nauthor: {name: Ada}\nremotes:\n  lab: &x file:///x\n  two: *x\n',
        '{"quilt":{"remote":"lab"}}',
      ].map((text) => new Uint8Array(Buffer.from(text)))
      const places = [
        '.quiltrc',
        '.quiltrc.json',
        '.quiltrc.yaml',
        'quilt.config.yml',
        'package.json',
        '../config.json',
      ]
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...places),
          fc.oneof(damaged(texts), fc.uint8Array()),
          async (place, bytes) => {
            const folder = join(root, `d${String(readdirSync(root).length)}`, 'in')
            mkdirSync(folder, { recursive: true })
            writeFileSync(join(folder, place), bytes)
            const sources = {
              env: {},
              folder,
              userFile: join(folder, '../config.json'),
              warn: () => undefined,
            }
            const values = await readConfiguration(sources).catch((error: unknown) => {
              if (!isQuiltError(error, 'INVALID')) throw error
              expect(error.message).toContain(folder.slice(0, -3))
            })
            for (const { key, value, source } of values?.values() ?? []) {
              expect(
                (configurationKeys as readonly string[]).includes(key) || key.startsWith('remotes.'),
              ).toBe(true)
              expect([typeof value, typeof source]).toEqual(['string', 'string'])
            }
          },
        ),
        fuzzing(),
      )
    },
    fuzzTimeout,
  )
})
