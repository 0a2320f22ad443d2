// Asks a Parquet file in the sandbox, from a program of its own: `sandbox-ask.ts FOLDER FILE SQL`.
import { sandboxHost } from '../../src/session/sandbox-host.ts'
import { openSandbox } from '../../src/table/sandbox/sandbox.ts'

const [, , folder = '', file = '', sql = ''] = process.argv
const sandbox = await openSandbox(sandboxHost(folder))
await sandbox.load([{ name: 'data', parts: [file] }])
console.log('asking')
console.log(JSON.stringify((await sandbox.query(sql, { tables: ['data'] }, 10)).rows))
await sandbox.close()
