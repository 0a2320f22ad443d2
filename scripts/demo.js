// The main job on the real example data, as a person would type it: build, push, install elsewhere, export, compare.
// `npm run demo` builds the command line first. Everything lies in .demo/, which is made anew.
import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const home = dirname(dirname(fileURLToPath(import.meta.url)))
const demo = join(home, '.demo')
const bold =
  process.stdout.isTTY && !process.env.NO_COLOR ? (text) => `\u001b[1m${text}\u001b[22m` : (text) => text

rmSync(demo, { recursive: true, force: true })
mkdirSync(demo, { recursive: true })
const remote = pathToFileURL(join(demo, 'shared')).href

/** Runs quilt as this person on that machine: each has a home of its own. */
function quilt(who, ...args) {
  console.log(
    `\n${bold(`${who}$`)} quilt ${args.map((arg) => (/[\s~]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`,
  )
  const env = {
    ...process.env,
    HOME: join(demo, who),
    QUILT_AUTHOR_NAME: who,
    QUILT_AUTHOR_EMAIL: `${who}@example.org`,
  }
  for (const name of Object.keys(env))
    if (/^(XDG_|QUILT_STORE|QUILT_PACKAGE_DIRS|QUILT_REMOTE)/.test(name)) delete env[name]
  const { status } = spawnSync(process.execPath, [join(home, 'bin', 'run.js'), ...args], {
    stdio: 'inherit',
    cwd: home,
    env,
  })
  if (status !== 0) {
    console.error(`\nquilt ended with status ${status}: this is a bug`)
    process.exit(1)
  }
}

/** What a folder holds: path, kind, mode and bytes. */
function contents(folder, prefix = '') {
  return readdirSync(join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const path = join(prefix, entry.name)
    const full = join(folder, path)
    if (entry.isDirectory()) return contents(folder, path)
    if (entry.isSymbolicLink()) return [[path, `link to ${readlinkSync(full)}`]]
    return [
      [path, `${lstatSync(full).mode & 0o100 ? 'executable ' : ''}${readFileSync(full).toString('base64')}`],
    ]
  })
}

function compare(ours, theirs) {
  const [a, b] = [contents(ours), contents(theirs)].map((list) => new Map(list))
  const different = [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path))
  if (different.length > 0) {
    console.error(`these differ: ${different.join(', ')}`)
    process.exit(1)
  }
  console.log(bold(`\n✓ ${a.size} files and links, every byte equal`))
}

const say = (text) => console.log(`\n${bold(`— ${text}`)}`)

say('Ada builds a folder of real data into a package, names it, and pushes it to a shared folder')
quilt('ada', 'build', 'ada/nature', 'examples/v1', '--message', 'weather, earth and birds')
quilt('ada', 'version', 'add', 'ada/nature', '1.0', 'latest', '--yes')
quilt('ada', 'tag', 'add', 'ada/nature', 'prod', 'latest')
quilt('ada', 'push', 'ada/nature', '--remote', remote)

say('Ben, on another machine, installs it and gets the same bytes')
quilt('ben', 'install', 'ada/nature', '--remote', remote)
quilt('ben', 'inspect', 'ada/nature')
quilt('ben', 'export', 'ada/nature', join(demo, 'ben', 'v1'))
compare(join(home, 'examples/v1'), join(demo, 'ben', 'v1'))

say('The data changes a little; Ada builds it again and pushes: only what is new travels')
quilt('ada', 'build', 'ada/nature', 'examples/v2', '--message', 'December, penguins, corrections')
quilt('ada', 'diff', 'ada/nature')
quilt('ada', 'push', 'ada/nature')
quilt('ben', 'install', 'ada/nature')
quilt('ben', 'log', 'ada/nature')
quilt('ben', 'export', 'ada/nature', join(demo, 'ben', 'v2'))
compare(join(home, 'examples/v2'), join(demo, 'ben', 'v2'))

say('Old revisions stay, and a part can be had without the rest')
quilt('ben', 'export', 'ada/nature@1.0', join(demo, 'ben', 'v1-again'))
compare(join(home, 'examples/v1'), join(demo, 'ben', 'v1-again'))
quilt('cleo', 'install', 'ada/nature/weather@prod', '--remote', remote)
quilt('ben', 'verify')
console.log(`\n${bold('Done.')} What you saw lies in ${demo}`)
