// Fuzzes the decoders for long: `node scripts/fuzz.js [RUNS] [SEED]`, without a seed from a fresh one, which is printed.
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = dirname(dirname(fileURLToPath(import.meta.url)))
const [runs = '20000', seed = String(randomInt(2 ** 31))] = process.argv.slice(2)
console.log(`fuzzing: ${runs} runs a property, seed ${seed}; again with: npm run fuzz -- ${runs} ${seed}`)
const vitest = join(home, 'node_modules', 'vitest', 'vitest.mjs')
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/fuzz'], {
  cwd: home,
  stdio: 'inherit',
  env: { ...process.env, QUILT_FUZZ_RUNS: runs, QUILT_FUZZ_SEED: seed },
})
process.exit(status ?? 1)
