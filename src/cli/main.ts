// The program: loads oclif, runs one command, ends with its exit status. bin/run.js calls it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, type Interfaces } from '@oclif/core'
import { QuiltError } from '../core/base/error.ts'
import { describeFailure } from './failure.ts'
import { openOutput, processStreams, settingsFromArgv } from './output.ts'

/**
 * Runs what the command line says, and ends the process.
 * @param root the folder of package.json and oclif.manifest.json
 */
export async function main(root: string): Promise<void> {
  const argv = process.argv.slice(2)
  // The S3 client would warn of this Node's age on stderr, which is for what a person can do something about.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  process.on('uncaughtException', (error) => {
    endWith(error, argv)
  })
  watchStdout(argv)
  try {
    const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Interfaces.PJSON
    // Nothing of the user's is loaded as code: quilt's own plugins are data until needed (src/plugins).
    await run(argv, { root, pjson, userPlugins: false, devPlugins: false })
    await new Promise((resolve) => process.stdout.write('', resolve))
  } catch (error) {
    endWith(error, argv)
  }
  process.exit()
}

/** oclif's own listener throws, past every `finally`. What a command prints, its output notes and tells in the end. */
function watchStdout(argv: readonly string[]): void {
  process.stdout.removeAllListeners('error')
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || process.stdout.listenerCount('error') > 1) return
    const message = `cannot write to standard output: ${error.message}`
    endWith(new QuiltError('UNAVAILABLE', message, { cause: error }), argv)
  })
}

function endWith(error: unknown, argv: readonly string[]): never {
  const out = openOutput(processStreams(), settingsFromArgv(argv))
  const report = describeFailure(error, out.settings.verbose)
  out.failure(report)
  process.exit(report.status)
}
