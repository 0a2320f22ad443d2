// Runs a TypeScript program of this repository, bundled on the fly: `node scripts/run-ts.js FILE [ARGUMENTS]`.
// Node 20 runs no TypeScript by itself. The bundle lies in node_modules/.cache, so that packages resolve.
import { build } from 'esbuild'
import { mkdirSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const home = dirname(dirname(fileURLToPath(import.meta.url)))
const [file, ...rest] = process.argv.slice(2)
if (file === undefined) {
  console.error('usage: node scripts/run-ts.js FILE [ARGUMENTS]')
  process.exit(2)
}
const folder = join(home, 'node_modules', '.cache', 'quilt')
const outfile = join(folder, `${basename(file, '.ts')}-${process.pid}.mjs`)
mkdirSync(folder, { recursive: true })
await build({
  absWorkingDir: home,
  entryPoints: [resolve(file)],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  conditions: ['quilt-source'],
  sourcemap: 'inline',
  logLevel: 'warning',
})
process.argv = [process.argv[0], resolve(file), ...rest]
process.setSourceMapsEnabled(true)
const { rmSync } = await import('node:fs')
process.on('exit', () => rmSync(outfile, { force: true }))
await import(pathToFileURL(outfile).href)
