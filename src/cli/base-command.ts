// What every command extends: flags, output, progress, Ctrl-C and errors, so that a command only calls and prints.
import { Command, type Interfaces } from '@oclif/core'
import { closeAll, closingAfter, type Closer } from '../core/base/closing.ts'
import type { Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'
import type { ConfiguredSession } from '../session/open-session.ts'
import { interruptedExitCode } from './exit-code.ts'
import { describeFailure } from './failure.ts'
import { globalFlags } from './flags/global-flags.ts'
import { onInterrupt } from './interrupt.ts'
import {
  isInteractive,
  openOutput,
  processStreams,
  settingsFromArgv,
  settingsOf,
  type Output,
  type Streams,
} from './output.ts'
import { noProgress, progressBar, type ProgressDisplay } from './progress.ts'
import { confirm, confirmByTyping } from './prompt.ts'
import { retryNotes } from './retry-notes.ts'
import { parseRate } from './flags/rate-flag.ts'

/** The parsed flags of a command, global ones included. */
export type FlagsOf<T extends typeof Command> = Interfaces.InferredFlags<typeof globalFlags & T['flags']>
/** The parsed arguments of a command. */
export type ArgsOf<T extends typeof Command> = Interfaces.InferredArgs<T['args']>

/**
 * A command of quilt. A subclass says its flags and arguments as oclif wants them, and `execute`.
 * @example export default class TagAdd extends BaseCommand<typeof TagAdd> { … }
 */
export abstract class BaseCommand<T extends typeof Command> extends Command {
  static override baseFlags = globalFlags

  protected args!: ArgsOf<T>
  protected flags!: FlagsOf<T>
  /** Every argument, for commands that take any number of them. */
  protected words: readonly string[] = []
  protected out!: Output
  private progress: ProgressDisplay = noProgress
  private noteRetry: Context['onRetry']
  private readonly stopping = new AbortController()
  private readonly closers: Closer[] = []

  /** Does the work, prints for people through `this.out`, and returns what --json prints. */
  protected abstract execute(): Promise<unknown>

  /** What to type to go on where Ctrl-C stopped this command. */
  protected resumeHint(): string | undefined {
    return undefined
  }

  /** For every long call: stops on Ctrl-C, draws a bar on a terminal. */
  protected get ctx(): Context {
    return {
      signal: this.stopping.signal,
      onProgress: (event) => this.progress.show(event),
      onRetry: (event) => {
        this.progress.clear()
        this.noteRetry?.(event)
      },
    }
  }

  /** The session of this command, closed when it ends; of the store that --store names unless told. */
  protected async session(folder?: string): Promise<ConfiguredSession> {
    const { openSession } = await import('../session/open-session.ts')
    const onWarning = (text: string): void => {
      this.progress.clear()
      this.out.warn(text)
    }
    const { store, 'limit-rate': rate } = this.flags as { readonly [flag: string]: unknown }
    const session = await openSession({
      store: folder ?? (store as string | undefined),
      limitRate: rate === undefined ? undefined : parseRate(rate as string),
      onWarning,
    })
    this.defer(() => session.close())
    return session
  }

  /** Called in any case when the command ends, the last one given first. */
  protected defer(close: Closer): void {
    this.closers.push(close)
  }

  /** A list as it comes: a line of cells each for people, an array with --json. Return what this returns. */
  protected async list<I>(
    items: AsyncIterable<I> | Iterable<I>,
    cells: (item: I) => readonly string[],
    value: (item: I) => unknown = (item) => item,
  ): Promise<unknown> {
    if (this.out.settings.json) return eachValue(items, value)
    for await (const item of items) {
      if (this.out.closed) break
      this.out.line(...cells(item))
    }
    return undefined
  }

  /**
   * True when a flag said yes already or the person does.
   * @throws INVALID off a terminal, naming the flag
   */
  protected async confirm(text: string, flag: string, given: boolean): Promise<boolean> {
    if (given) return true
    const { signal } = this.stopping
    const answer = await confirm({ text, flag, interactive: this.out.interactive, signal })
    if (answer === undefined) throw this.interrupt()
    return answer
  }

  /**
   * True when a flag said yes already or the person types `expected`: for what cannot be undone.
   * @throws INVALID off a terminal, naming the flag
   */
  protected async confirmTyped(
    text: string,
    expected: string,
    flag: string,
    given: boolean,
  ): Promise<boolean> {
    if (given) return true
    const { signal } = this.stopping
    const question = { text, flag, interactive: this.out.interactive, signal }
    const answer = await confirmByTyping(question, expected)
    if (answer === undefined) throw this.interrupt()
    return answer
  }

  /** Runs `execute` within the frame. oclif calls it; subclasses leave it alone. */
  override async run(): Promise<void> {
    const streams = processStreams()
    this.parsed = true // oclif warns about commands that did not parse; ours may fail to
    this.out = openOutput(streams, settingsFromArgv(this.argv))
    const release = onInterrupt({
      stop: () => void this.interrupt(),
      force: () => {
        this.fail(undefined)
        process.exit(interruptedExitCode)
      },
    })
    try {
      await closingAfter(
        () => this.perform(streams),
        () => closeAll(this.closers.reverse()),
      )
      await this.out.flush()
    } catch (error) {
      this.fail(error)
    } finally {
      release()
    }
  }

  private async perform(streams: Streams): Promise<void> {
    const { args, flags, argv } = await this.parse(this.ctor)
    this.out = openOutput(streams, settingsOf(flags)) // `-fq` is quiet, too
    if (isInteractive(streams) && !this.out.settings.quiet) {
      this.progress = progressBar(streams.stderr, () => performance.now())
    }
    this.noteRetry = retryNotes(this.out, () => performance.now())
    this.args = args as ArgsOf<T>
    this.words = argv as readonly string[]
    this.flags = flags as FlagsOf<T>
    const value = await this.execute()
    this.progress.stop()
    if (this.out.settings.json) await this.out.value(value)
  }

  private interrupt(): Error {
    const reason = new QuiltError('UNAVAILABLE', 'interrupted')
    this.stopping.abort(reason)
    return reason
  }

  private fail(error: unknown): void {
    this.progress.stop()
    const typed = `${this.config.bin} ${(this.id ?? '').replaceAll(':', ' ')}`.trim()
    if (this.stopping.signal.aborted) {
      this.out.failure({ code: 'INTERRUPTED', message: 'interrupted', hint: this.resumeHint() })
      process.exitCode = interruptedExitCode
      return
    }
    const report = describeFailure(error, this.out.settings.verbose, typed)
    this.out.failure(report)
    process.exitCode = report.status
  }
}

async function* eachValue<I>(
  items: AsyncIterable<I> | Iterable<I>,
  value: (item: I) => unknown,
): AsyncGenerator<unknown> {
  for await (const item of items) yield value(item)
}
