// The machine that the figures are of.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, freemem, loadavg, release, totalmem, type } from 'node:os'
import { type Tool } from './tool.ts'

/** Named as a reader would compare it. */
export interface Machine {
  readonly cores: number
  readonly processor: string
  /** Bytes. */
  readonly memory: number
  readonly kernel: string
  readonly system: string
  readonly fileSystem: string
  readonly node: string
  readonly date: string
  /** Over the minute before the first step: other work makes the figures worse. */
  readonly load: number
}

/** At most so many bytes are touched. */
const mostTouched = 12 * 2 ** 30

/**
 * Writes to most of the free memory once, and gives it back. A virtual machine gets each page from its host when it is
 * first written to, which takes longer than a disk does (measured: 440 MB/s); else whoever comes first pays for all.
 * @returns the bytes touched
 */
export function touchMemory(): number {
  const bytes = Math.floor(Math.min(mostTouched, freemem() * 0.7) / 2 ** 28) * 2 ** 28
  const program = `const held = []; for (let left = ${String(bytes)}; left > 0; left -= 2 ** 28) held.push(Buffer.alloc(2 ** 28, 1))`
  spawnSync(process.execPath, ['-e', program], { stdio: 'ignore' })
  return bytes
}

/** The machine, and the file system that `folder` lies on. */
export function describeMachine(folder: string): Machine {
  const about = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memory: totalmem(),
    kernel: `${type()} ${release()}`,
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(about)?.[1] ?? 'unknown',
    fileSystem: lines(['df', '--output=fstype', folder])?.[1]?.trim() ?? 'unknown',
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    load: loadavg()[0] ?? NaN,
  }
}

/** What a tool calls itself, `undefined` where it is not installed. */
export function versionOf(tool: Tool): string | undefined {
  return lines(tool.version)?.[0]?.trim()
}

function lines([file, ...rest]: readonly [string, ...string[]]): readonly string[] | undefined {
  const { status, stdout } = spawnSync(file, rest, { encoding: 'utf8' })
  return status === 0 ? stdout.split('\n') : undefined
}
