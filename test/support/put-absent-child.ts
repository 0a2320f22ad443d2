// One of several processes that put the same keys at the same time. Prints the numbers of the keys it won.
import { once } from 'node:events'
import { isQuiltError } from '../../src/core/base/error.ts'
import { fileStore } from './file-store.ts'

const [root = '', name = '', count = '0'] = process.argv.slice(2)
const backend = fileStore(root)
const won: number[] = []
process.stdout.write('ready\n')
await once(process.stdin, 'data')
for (let i = 0; i < Number(count); i++) {
  try {
    await backend.put(`refs/race/g${i}`, Buffer.from(`${name} `.repeat(1000 + i)), { absent: true })
    won.push(i)
  } catch (error) {
    if (!isQuiltError(error, 'CONFLICT')) throw error
  }
}
process.stdout.write(`${JSON.stringify(won)}\n`)
process.exit(0)
