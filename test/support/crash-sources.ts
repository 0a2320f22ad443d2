// Folders to build from, all drawn from one pool, so that builds overlap: small files, and blobs kept as chunks.
import * as nodeFs from 'node:fs'
import { build } from 'esbuild'
import { noise } from './store-bench.ts'

const pool = Array.from({ length: 24 }, (_, i) =>
  noise(i % 8 === 0 ? 400_000 + i * 1000 : 200 + i * 900, i + 1),
)

/** Makes the folder anew, of files from the pool and one that holds `own`. */
export function writeSource(path: string, roll: (count: number) => number, own: string): string {
  nodeFs.rmSync(path, { recursive: true, force: true })
  nodeFs.mkdirSync(`${path}/sub`, { recursive: true })
  for (let i = 0; i < 6; i++) {
    const one = roll(pool.length)
    nodeFs.writeFileSync(`${path}/${i % 2 === 0 ? '' : 'sub/'}f${String(one)}`, pool[one] as Uint8Array)
  }
  nodeFs.writeFileSync(`${path}/own`, own)
  return path
}

/** Bundles a program for processes that are to start fast; gives the script's path. */
export async function bundle(source: URL): Promise<string> {
  const home = new URL('../../', import.meta.url).pathname
  const name = source.pathname.split('/').at(-1) as string
  const outfile = `${home}node_modules/.cache/quilt/${name}-${String(process.pid)}.mjs`
  await build({
    entryPoints: [source.pathname],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    conditions: ['quilt-source'],
  })
  return outfile
}
