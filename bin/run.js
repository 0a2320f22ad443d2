#!/usr/bin/env node
// The entry: answers --version by itself, for that is asked often and needs nothing; else runs the bundle.
import { readFileSync, writeSync } from 'node:fs'
import { userInfo } from 'node:os'
import * as module from 'node:module'

const major = Number(process.versions.node.split('.')[0])
const minor = Number(process.versions.node.split('.')[1])
const first = process.argv[2]

if (major < 20 || (major === 20 && minor < 19)) {
  console.error('error: quilt needs Node 20.19 or later, and this is ' + process.version)
  process.exitCode = 7
} else if (first === '--version' || first === '-v') {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  try {
    writeSync(1, `quilt ${version} node-${process.version} ${process.platform}-${process.arch}\n`)
  } catch (error) {
    if (error.code !== 'EPIPE') {
      console.error('error: cannot write to standard output: ' + error.message)
      process.exitCode = 8
    }
  }
} else {
  // oclif asks for the home and the shell while it loads, and would fail where the system does not know the user.
  if (process.platform !== 'win32' && !isKnownUser()) {
    process.env.HOME ??= ''
    process.env.SHELL ??= '/bin/sh'
  }
  if (module.enableCompileCache) module.enableCompileCache() // Node 22.8 and later: halves the start (measured)
  const root = new URL('..', import.meta.url)
  let cli
  try {
    cli = await import(new URL('dist/cli/main.js', root).href)
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    console.error('error: quilt is not built here\nhint: run: npm ci && npm run build')
    process.exit(1)
  }
  const { fileURLToPath } = await import('node:url')
  await cli.main(fileURLToPath(root))
}

function isKnownUser() {
  try {
    return userInfo() !== undefined
  } catch {
    return false
  }
}
