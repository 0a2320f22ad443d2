// Pushes or installs in a process that is to be killed: `exchange-worker.ts FOLDER STORE push|install REMOTE`. Says a line
// before, and one when it is done.
import { install } from '../../src/package/exchange/install.ts'
import { push } from '../../src/package/exchange/push.ts'
import { openSession } from '../../src/session/open-session.ts'

const [folder = '', store = '', verb, remote = ''] = process.argv.slice(2)
const env = { HOME: `${folder}/home`, QUILT_AUTHOR_NAME: 'w', QUILT_AUTHOR_EMAIL: 'w@example.org' }
const session = await openSession({ store: `${folder}/${store}`, folder, env })
process.stdout.write('begin\n')
await (verb === 'push' ? push(session, 'ada/wine', { remote }) : install(session, 'ada/wine', { remote }))
process.stdout.write('done\n')
await session.close()
