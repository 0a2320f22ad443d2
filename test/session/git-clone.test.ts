// Packages from git repositories: by the machine's git, from bare repositories on this disk, safe against strangers'.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { build } from '../../src/package/build.ts'
import { check } from '../../src/package/check.ts'
import { inspect } from '../../src/package/inspect.ts'
import { gitAddress } from '../../src/package/source/open-source.ts'
import { openSession, type ConfiguredSession } from '../../src/session/open-session.ts'
import { tempDir } from '../support/temp-dir.ts'

const hasGit = spawnSync('git', ['--version']).status === 0

test('addresses are https, http and file URLs that end in .git, with a branch or not', () => {
  expect(gitAddress('https://example.org/a/wine.git')).toEqual({
    address: 'https://example.org/a/wine.git',
    branch: undefined,
  })
  expect(gitAddress('https://u:p@example.org/wine.git@feature/x-1.0')).toEqual({
    address: 'https://u:p@example.org/wine.git',
    branch: 'feature/x-1.0',
  })
  expect(gitAddress('file:///srv/wine.git@main')?.branch).toBe('main')
  for (const text of [
    'https://example.org/wine',
    'ext::sh -c x.git',
    'ssh://h/x.git',
    '--upload-pack=x.git',
    'https://h/x.git@-x',
    'https://h/x.git@a b',
    'git@h:x.git',
  ]) {
    expect([text, gitAddress(text)]).toEqual([text, undefined])
  }
})

interface Repository {
  readonly folder: string
  readonly bare: string
  readonly session: ConfiguredSession
  git(...args: readonly string[]): void
}

/** A repository with these files committed on `main`, and its bare clone. */
async function repository(
  files: Readonly<Record<string, string>>,
  prepare?: (work: string) => void,
): Promise<Repository> {
  const folder = tempDir()
  const work = join(folder, 'work')
  mkdirSync(work)
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' }
  const git = (...args: readonly string[]): void => {
    const identity = [
      '-c',
      'user.name=ada',
      '-c',
      'user.email=a@example.org',
      '-c',
      'protocol.file.allow=always',
    ]
    const { status, stderr } = spawnSync('git', [...identity, ...args], { cwd: work, env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
  }
  git('init', '--quiet', '--initial-branch=main')
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(work, path, '..'), { recursive: true })
    writeFileSync(join(work, path), text)
  }
  prepare?.(work)
  git('add', '--all')
  git('commit', '--quiet', '--message=first')
  const bare = join(folder, 'wine.git')
  git('clone', '--quiet', '--bare', work, bare)
  const session = await openSession({
    store: join(folder, 'store'),
    folder,
    env: { ...env, QUILT_AUTHOR_NAME: 'ada' },
  })
  onTestFinished(() => session.close())
  return { folder, bare, session, git }
}

function leftovers(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('quilt-git-'))
}

describe.skipIf(!hasGit)('with git on this machine', () => {
  test('a bare repository is built by its URL and by its path, its build file used, nothing left behind', async () => {
    const { bare, session } = await repository({
      'data/a.csv': 'a',
      'build.yml': 'contents: { t: { file: data/a.csv } }',
      '.gitignore': 'x',
    })
    const before = leftovers()
    const url = pathToFileURL(bare).href
    const made = await build(session, { handle: 'ada/wine', path: url })
    expect(made).toMatchObject({ files: 1, buildFile: `${url}/build.yml` })
    expect(await build(session, { handle: 'ada/wine', path: bare })).toMatchObject({ unchanged: true })
    expect(await build(session, { handle: 'ada/wine', path: './wine.git@main' })).toMatchObject({
      unchanged: true,
    })
    expect(await build(session, { handle: 'ada/all', path: bare }, { buildFile: false })).toMatchObject({
      files: 1,
      ignored: 2,
    })
    expect(await check(session, url)).toMatchObject({ ok: true, topHash: made.topHash })
    expect(leftovers()).toEqual(before)
  })

  test("a branch, a tag; one that is not there, and a repository that is not, are told in git's words", async () => {
    const { folder, bare, session, git } = await repository({ 'a.csv': 'a' })
    git('checkout', '--quiet', '-b', 'feature/b')
    writeFileSync(join(folder, 'work', 'b.csv'), 'b')
    git('add', '--all')
    git('commit', '--quiet', '--message=second')
    git('push', '--quiet', bare, 'feature/b')
    expect((await build(session, { handle: 'ada/wine', path: bare })).files).toBe(1)
    expect((await build(session, { handle: 'ada/wine', path: `${bare}@feature/b` })).files).toBe(2)
    const before = leftovers()
    await expect(build(session, { handle: 'ada/wine', path: `${bare}@nope` })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('Remote branch nope not found') as string,
    })
    await expect(
      build(session, { handle: 'ada/wine', path: `file://${folder}/none.git` }),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('git cannot clone') as string,
    })
    expect(leftovers()).toEqual(before)
  })

  test('hooks, submodules, options, links that lead out and variables of the environment do nothing', async () => {
    const { folder, bare, session } = await repository(
      { 'a.csv': 'a', 'build.yml': 'contents: { "**/*": }' },
      (work) => {
        symlinkSync('/etc/passwd', join(work, 'passwd'))
        writeFileSync(
          join(work, '.gitmodules'),
          '[submodule "x"]\n path = x\n url = ext::sh -c "touch pwned"\n',
        )
      },
    )
    const trap = join(folder, 'trap')
    for (const hook of ['post-checkout', 'pre-receive', 'post-upload-pack', 'reference-transaction']) {
      const script = join(bare, 'hooks', hook)
      mkdirSync(join(bare, 'hooks'), { recursive: true })
      writeFileSync(script, `#!/bin/sh\ntouch '${trap}'\n`)
      chmodSync(script, 0o755)
    }
    writeFileSync(
      join(bare, 'config'),
      `[core]\n bare = true\n[uploadpack]\n packObjectsHook = touch '${trap}';\n`,
    )
    const template = join(folder, 'template', 'hooks')
    mkdirSync(template, { recursive: true })
    writeFileSync(join(template, 'post-checkout'), `#!/bin/sh\ntouch '${trap}'\n`)
    chmodSync(join(template, 'post-checkout'), 0o755)
    writeFileSync(join(folder, '.gitconfig'), `[init]\n templateDir = ${join(folder, 'template')}\n`)
    const env = {
      PATH: process.env['PATH'],
      HOME: folder,
      GIT_DIR: join(folder, 'work', '.git'),
      GIT_SSH_COMMAND: `touch '${trap}'`,
    }
    const other = await openSession({ store: join(folder, 'other'), folder, env })
    onTestFinished(() => other.close())
    for (const one of [session, other]) {
      expect(await build(one, { handle: 'ada/wine', path: bare })).toMatchObject({ files: 2 })
      expect((await inspect(one, 'ada/wine')).children?.map(({ name }) => name)).toEqual([
        '.gitmodules',
        'a.csv',
      ])
    }
    await expect(
      build(session, { handle: 'ada/x', path: 'ext::sh -c "touch trap" x.git' }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(
      build(session, { handle: 'ada/x', path: '--upload-pack=touch trap;.git' }),
    ).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(existsSync(trap)).toBe(false)
  })

  test('is stopped by a signal, and says where there is no git', async () => {
    const { folder, bare } = await repository({ 'a.csv': 'a' })
    const nothing = await openSession({
      store: join(folder, 'other'),
      folder,
      env: { PATH: '/nowhere', HOME: folder },
    })
    onTestFinished(() => nothing.close())
    await expect(build(nothing, { handle: 'ada/wine', path: bare })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: `cannot clone "${bare}": there is no git here`,
    })
    const stopping = new AbortController()
    stopping.abort(new Error('enough'))
    await expect(
      build(nothing, { handle: 'ada/wine', path: bare }, {}, { signal: stopping.signal }),
    ).rejects.toThrow()
    expect(leftovers().filter((name) => existsSync(join(tmpdir(), name, 'files')))).toEqual([])
  })
})

test('a clone that is stopped has ended, with all that it was writing, before that is told', async () => {
  const folder = tempDir()
  const git = join(folder, 'git')
  writeFileSync(
    git,
    `#!/bin/bash
for last; do :; done
mkdir -p "$last"
trap 'for i in 1 2 3 4 5; do sleep 0.05; echo x > "$last/$i"; done; echo > "$HOME/ended"; exit 1' TERM
echo > "$HOME/begun"
while :; do sleep 0.02; done
`,
  )
  chmodSync(git, 0o755)
  const env = { PATH: `${folder}:/usr/bin:/bin`, HOME: folder }
  const session = await openSession({ store: join(folder, 'store'), folder, env })
  onTestFinished(() => session.close())
  const stop = new AbortController()
  const source = { handle: 'ada/wine', path: 'https://example.org/wine.git' }
  const told = build(session, source, {}, { signal: stop.signal }).catch((error: unknown) => error)
  await vi.waitFor(() => expect(existsSync(join(folder, 'begun'))).toBe(true), {
    timeout: 10_000,
    interval: 10,
  })
  stop.abort(new Error('enough'))
  expect(await told).toMatchObject({ message: 'enough' })
  expect(existsSync(join(folder, 'ended'))).toBe(true)
})
