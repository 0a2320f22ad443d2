// build, check and generate through the built program: what is printed, with --json, and how it ends.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { person, type Person } from '../support/built-cli.ts'
import { tempDir } from '../support/temp-dir.ts'

interface Place {
  readonly folder: string
  readonly ada: Person
  write(path: string, text: string): void
}

function place(): Place {
  const folder = tempDir()
  const work = join(folder, 'work')
  mkdirSync(work)
  return {
    folder: work,
    ada: person(join(folder, 'ada'), work),
    write: (path, text) => {
      mkdirSync(join(work, path, '..'), { recursive: true })
      writeFileSync(join(work, path), text)
    },
  }
}

describe('build files', () => {
  test("generate, check, build and export, in a home of one's own", () => {
    const { folder, ada, write } = place()
    write('wine/reds/merlot.csv', 'year\n2020\n')
    write('wine/README.md', '# wine\n')
    const plain = ada.json<{ topHash: string }>('build', 'ada/plain', 'wine')
    const made = ada.run('generate', 'wine')
    expect(made).toMatchObject({ status: 0, stdout: `generated ${folder}/wine/build.yml (2 files)\n` })
    expect(ada.run('generate', 'wine')).toMatchObject({ status: 5, stdout: '' })
    expect(ada.json('generate', 'wine', '--force')).toEqual({ file: `${folder}/wine/build.yml`, files: 2 })
    expect(ada.json('check', 'wine')).toMatchObject({
      ok: true,
      problems: [],
      topHash: plain.topHash,
      files: 2,
    })
    const built = ada.run('build', 'ada/wine', 'wine')
    expect(built.stdout).toContain(`built ada/wine ${plain.topHash} (2 files`)
    expect(built.stderr).toContain('built with the build file "wine/build.yml"')
    write(
      'wine/build.yml',
      'contents:\n  best: { file: reds/merlot.csv, transform: csv, kwargs: { sep: ";" } }\n',
    )
    expect(ada.json('build', 'ada/wine', 'wine/build.yml')).toMatchObject({
      files: 1,
      buildFile: 'wine/build.yml',
    })
    expect(ada.run('inspect', 'ada/wine').stdout).toContain(
      '└─ best  (10 B, 1 row, 1 column, source merlot.csv, read as csv {"sep":";"})',
    )
    expect(ada.run('export', 'ada/wine', 'out').status).toBe(0)
    expect(readFileSync(join(folder, 'out', 'merlot.csv'), 'utf8')).toBe('year\n2020\n')
  })

  test('H126: every mistake is a line with its place; exit status 2, no stack, nothing built', () => {
    const { ada, write } = place()
    write('a.csv', '')
    write('bad.yml', 'contents:\n  a: { fiel: a.csv }\n  "x\\ny\\e[2J": { file: b.csv }\nenviroments: {}\n')
    const lines = [
      'bad.yml:2:8: unknown key "fiel"; did you mean "file"?',
      'bad.yml:3:24: there is no file "b.csv"; did you mean "a.csv"?',
      'bad.yml:4:1: unknown key "enviroments"; did you mean "environments"?',
    ]
    const checked = ada.run('check', 'bad.yml')
    expect({ status: checked.status, lines: checked.stdout.trim().split('\n') }).toEqual({ status: 2, lines })
    const report = ada.run('check', 'bad.yml', '--json')
    expect(report.status).toBe(2)
    const { ok, problems } = JSON.parse(report.stdout) as { ok: boolean; problems: readonly object[] }
    expect(ok).toBe(false)
    expect(problems[0]).toEqual({
      file: 'bad.yml',
      line: 2,
      column: 8,
      message: 'unknown key "fiel"; did you mean "file"?',
    })
    const built = ada.run('build', 'ada/wine', 'bad.yml')
    expect(built.status).toBe(2)
    expect(built.stderr.trim().split('\n')).toEqual(['error: bad.yml has 3 problems', ...lines])
    const { error } = JSON.parse(ada.run('build', 'ada/wine', 'bad.yml', '--json').stderr) as {
      error: { code: string; problems: readonly object[] }
    }
    expect(error).toMatchObject({ code: 'INVALID', problems: { length: 3 } })
    expect(ada.json('ls')).toEqual([])
  })

  test('H120: nothing in a build file runs; H122: nothing outside is taken unasked', () => {
    const { folder, ada, write } = place()
    write('wine/a.csv', 'a')
    write(
      'wine/tag.yml',
      'contents:\n  a: !!python/object/apply:os.system ["touch pwned"]\n  b: !!js/function "x"\n',
    )
    expect(ada.run('build', 'ada/wine', 'wine/tag.yml')).toMatchObject({ status: 2, stdout: '' })
    write('secret.csv', 's')
    write('wine/up.yml', 'contents: { s: { file: ../secret.csv } }')
    const refused = ada.run('build', 'ada/wine', 'wine/up.yml')
    expect(refused.status).toBe(2)
    expect(refused.stderr).toContain('allow it with --allow-outside')
    expect(ada.json('build', 'ada/wine', 'wine/up.yml', '--allow-outside', '--dry-run')).toMatchObject({
      files: 1,
    })
    expect(ada.json('build', 'ada/data', 'wine', '--no-build-file')).toMatchObject({ files: 3 })
    expect(ada.json('build', 'ada/data/conf', `${folder}/wine/up.yml`)).toMatchObject({ files: 1 })
    expect(ada.run('build', 'ada/data', 'wine', '--build-file').status).toBe(3)
  })

  test('check of the working directory, of a folder without a build file, of what is not there', () => {
    const { ada, write } = place()
    expect(ada.run('check')).toMatchObject({ status: 0 })
    write('build.yml', 'contents: { "*.csv": {} }')
    const none = ada.run('check')
    expect(none.status).toBe(0)
    expect(none.stderr).toContain('build.yml:1:13: no file matches "*.csv"')
    expect(ada.run('check', 'nowhere.yml').status).toBe(3)
    expect(ada.run('generate', 'nowhere').status).toBe(3)
  })

  test('checks: one that fails ends with 2 and its rows, and nothing is built; one that holds is counted', () => {
    const { ada, write } = place()
    write('wine/wines.csv', 'name,price\nmerlot,12\nrosé,-1\n')
    const build = (values: string): void => {
      write(
        'wine/build.yml',
        `checks: { sound: { range: { column: price, min: ${values} } } }
contents:
  wines: { file: wines.csv, checks: sound }
`,
      )
    }
    build('0')
    const problem = 'wine/build.yml:3:37: wines: sound: 1 of 2 rows breaks it'
    const rows = '  row 2: name rosé, price -1'
    const checked = ada.run('check', 'wine')
    expect({ status: checked.status, lines: checked.stdout.trimEnd().split('\n') }).toEqual({
      status: 2,
      lines: [problem, rows],
    })
    for (const flags of [[], ['--dry-run'], ['--no-tables']]) {
      const built = ada.run('build', 'ada/wine', 'wine', ...flags)
      expect({
        status: built.status,
        stdout: built.stdout,
        lines: built.stderr.trimEnd().split('\n'),
      }).toEqual({
        status: 2,
        stdout: '',
        lines: [`error: ${problem}`, rows, 'hint: mend the data, or the check'],
      })
    }
    const { error } = JSON.parse(ada.run('build', 'ada/wine', 'wine', '--json').stderr) as { error: object }
    const at = { file: 'wine/build.yml', line: 3, column: 37 }
    expect(error).toMatchObject({
      code: 'INVALID',
      problems: [{ ...at, message: `wines: sound: 1 of 2 rows breaks it\n${rows}` }],
    })
    expect(ada.json('ls')).toEqual([])
    build('-5')
    expect(ada.run('check', 'wine').stdout).toMatch(/^ok .*, 1 check holds\)\n$/)
    expect(ada.run('build', 'ada/wine', 'wine').stdout).toContain('1 table, 30 B, 1 check holds, ')
    expect(ada.json('build', 'ada/wine', 'wine')).toMatchObject({ unchanged: true, checks: 1 })
  })

  test('hostile SQL in a build file ends with 2, in words, and says nothing of this machine', () => {
    const { ada, write } = place()
    write('a.csv', 'a\n1\n')
    write(
      'build.yml',
      `checks:
  env: getenv('HOME') = ''
  file: (SELECT count(*) FROM read_text('/etc/hostname')) = 0
  out: { query: "COPY data TO 'out.csv'" }
contents:
  a: { file: a.csv, checks: [env, file, out] }
`,
    )
    const built = ada.run('build', 'ada/a', 'build.yml')
    expect({ status: built.status, stdout: built.stdout }).toEqual({ status: 2, stdout: '' })
    expect(built.stderr).toContain('error: build.yml has 3 problems\nbuild.yml:6:30: a: env: ')
    expect(built.stderr).not.toMatch(/^ +at /m)
    expect(ada.json('ls')).toEqual([])
  })
})
