// One of several processes that put the same keys at the same time: key N when told `N`. Answers `won` or `lost`.
import { createInterface } from 'node:readline'
import { isQuiltError } from '../../src/core/base/error.ts'
import { fileStore } from './file-store.ts'

const [root = '', name = ''] = process.argv.slice(2)
const backend = fileStore(root)
process.stdout.write('ready\n')
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const text = `${name} `.repeat(1000 + Number(line))
    await backend.put(`refs/race/g${line}`, Buffer.from(text), { absent: true })
    process.stdout.write('won\n')
  } catch (error) {
    if (!isQuiltError(error, 'CONFLICT')) throw error
    process.stdout.write('lost\n')
  }
}
process.exit(0)
