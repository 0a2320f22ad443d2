// Builds the package: the library by tsc, the command line as one split bundle by esbuild, and oclif's manifest.
// `node scripts/build.js cli` leaves the library out; with ROOT and COMMANDS it builds a test's own program there.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const home = dirname(dirname(fileURLToPath(import.meta.url)))

/** Packages that stay outside the bundle: native or WebAssembly files beside them, or never needed. */
const external = [
  'typescript', // oclif would drag in 4.4 MB to run commands written in TypeScript: never ours (measured)
  'level',
  'classic-level',
  'msgpackr-extract',
  '@bokuweb/zstd-wasm',
  '@uwdata/flechette', // esbuild takes its CommonJS build, whose names lie under `default`
  'undici', // the same
  '@pnpm/tabtab', // its scripts lie beside it
  '@duckdb/*',
]

/** Loading msgpackr's native helper takes 20 ms of each start, and our objects hold few long texts (measured). */
const define = { 'process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED': '"true"' }

/** The pattern of emoji-regex takes 12 ms to compile (measured): only for text that is not plain ASCII. */
const patternWhenNeeded = {
  name: 'pattern-when-needed',
  setup(build) {
    build.onLoad({ filter: /[\\/]emoji-regex[\\/]index\.js$/ }, ({ path }) => ({
      contents: [
        `const pattern = (() => { const module = {}; ${readFileSync(path, 'utf8')}; return module.exports })()`,
        'const replace = (text, by) => /[^\\0-\\x7f]/.test(text) ? text.replace(pattern(), by) : text',
        'module.exports = () => ({ [Symbol.replace]: replace })',
      ].join('\n'),
    }))
  },
}

/** What oclif does at each start for nothing: [its file, its code, ours]. */
const needless = [
  // The first `localeCompare` of a process takes 8 to 15 ms (measured), and the names of commands are ASCII.
  ['config/plugin.js', 'a.id.localeCompare(b.id)', '(a.id < b.id ? -1 : 1)'],
  // bin/run.js has looked at Node's version; this loads semver for it, 7 ms (measured).
  ['index.js', '\ncheckNodeVersion();', ''],
]

const startsSooner = {
  name: 'starts-sooner',
  setup(build) {
    for (const [file, theirs, ours] of needless) {
      const filter = new RegExp(
        `@oclif[\\\\/]core[\\\\/]lib[\\\\/]${file.replace('.', '\\.').replace('/', '[\\\\/]')}$`,
      )
      build.onLoad({ filter }, ({ path }) => {
        const code = readFileSync(path, 'utf8')
        if (!code.includes(theirs)) throw new Error(`${path} does not hold ${theirs}: look at it again`)
        return { contents: code.replace(theirs, ours) }
      })
    }
  },
}

/** Packages that have modules beside the CommonJS that esbuild would take, whose names an `import()` would not find. */
const modules = Object.fromEntries(
  ['@aws-sdk/client-s3', '@aws-sdk/s3-request-presigner'].map((name) => {
    const folder = join(home, 'node_modules', name)
    return [name, join(folder, JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).module)]
  }),
)

/**
 * All commands as one module: each of its own shares other modules with each, and to run one would open fifty files at
 * once, which is nearly all that some machines allow.
 */
const allCommands = (commands, names) => ({
  name: 'all-commands',
  setup(build) {
    build.onResolve({ filter: /^all-commands$/ }, () => ({ path: 'all-commands', namespace: 'all-commands' }))
    build.onLoad({ filter: /./, namespace: 'all-commands' }, () => ({
      contents: names
        .map(
          (name, i) =>
            `export { default as command${i} } from ${JSON.stringify(`./${name.replaceAll('\\', '/')}.ts`)}`,
        )
        .join('\n'),
      resolveDir: commands,
    }))
  },
})

/** CommonJS packages in the bundle look for these. */
const banner = [
  "import { createRequire as createRequire_ } from 'node:module'",
  "import { fileURLToPath as fileURLToPath_ } from 'node:url'",
  'const require = createRequire_(import.meta.url)',
  'const __filename = fileURLToPath_(import.meta.url)',
  "const __dirname = fileURLToPath_(new URL('.', import.meta.url))",
].join(';')

/**
 * Bundles the program and its commands into `root`/dist/cli, and writes `root`/oclif.manifest.json.
 * Core's modules come from their sources, so that this needs no earlier build.
 */
export async function buildCli({ root = home, commands = join(home, 'src', 'commands') } = {}) {
  const { build } = await import('esbuild')
  const outdir = join(root, 'dist', 'cli')
  rmSync(outdir, { recursive: true, force: true })
  const names = readdirSync(commands, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -3))
    .sort()
  const result = await build({
    absWorkingDir: home,
    entryPoints: {
      main: join(home, 'src', 'cli', 'main.ts'),
      'unknown-command': join(home, 'src', 'cli', 'unknown-command.ts'),
      'help-text': join(home, 'src', 'cli', 'help-text.ts'),
      commands: 'all-commands',
    },
    outdir,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['quilt-source'],
    external,
    alias: modules,
    banner: { js: banner },
    define,
    plugins: [patternWhenNeeded, startsSooner, allCommands(commands, names)],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'linked',
    metafile: true,
    logLevel: 'warning',
  })
  for (const [i, name] of names.entries()) {
    const file = join(outdir, 'commands', `${name}.js`)
    mkdirSync(dirname(file), { recursive: true })
    const up = '../'.repeat(name.split(/[\\/]/).length)
    writeFileSync(file, `export { command${i} as default } from '${up}commands.js'\n`)
  }
  await writeManifest(root)
  return result.metafile
}

/** oclif reads this file instead of loading every command to know its flags. */
async function writeManifest(root) {
  const { Plugin } = await import('@oclif/core')
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true })
  await plugin.load()
  writeFileSync(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest, undefined, 1)}\n`)
}

/** Emits dist/**\/*.js and .d.ts for all but the command line. */
function buildLibrary() {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: home,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [what, root, commands] = process.argv.slice(2)
  if (root !== undefined) await buildCli({ root, commands })
  else {
    if (what !== 'cli') {
      rmSync(join(home, 'dist'), { recursive: true, force: true })
      buildLibrary()
    }
    const { outputs } = await buildCli()
    const bytes = Object.values(outputs).reduce((sum, { bytes: size }) => sum + size, 0)
    console.log(`built dist: command line ${Math.round(bytes / 1000)} kB`)
  }
}
