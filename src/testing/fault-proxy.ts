// An HTTP server that passes requests on to another one, and lets go wrong what a test asks for. It knows of HTTP and
// nothing of what is behind it; names and signatures pass as they came, the Host header too.
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { pacedLine, type Pace, type PacedLine } from './pace.ts'
import {
  activeRule,
  asBytes,
  changedBody,
  changedLength,
  type ActiveRule,
  type KeptAnswer,
  type ProxiedRequest,
  type ProxyFault,
  type ProxyRule,
  type ProxyRuleRecord,
} from './proxy-fault.ts'

/** A proxy that runs. */
export interface FaultProxy {
  /** Where clients reach it: `http://127.0.0.1:PORT`. */
  readonly url: string
  /** Every request so far, oldest first. */
  readonly requests: readonly ProxiedRequest[]
  /** Lets something go wrong. Of several rules that befall a request, the one that was made first does. */
  inject(rule: ProxyRule): ProxyRuleRecord
  /** Nothing goes wrong any more, and requests are counted anew. The pace stays. */
  clear(): void
  /** Delay and rate from now on. */
  setPace(pace: Pace): void
  close(): Promise<void>
}

/**
 * Starts a proxy before an HTTP server, on a port of this machine that the system chooses.
 * @example
 * const proxy = await faultProxy('http://127.0.0.1:9000', { delay: 50 })
 * const cut = proxy.inject({ fault: { kind: 'cut', place: 'answer-body', after: 1000 }, when: ({ method }) => method === 'GET', at: 3 })
 */
export async function faultProxy(target: string, pace: Pace = {}): Promise<FaultProxy> {
  const upstream = new URL(target)
  const requests: RequestRecord[] = []
  let rules: ActiveRule[] = []
  let paceNow = pace
  const line = pacedLine(() => paceNow)

  const server = createServer((client, answer) => {
    const record: RequestRecord = {
      method: client.method ?? 'GET',
      url: client.url ?? '/',
      headers: client.headers,
      status: undefined,
      sent: 0,
      received: 0,
    }
    requests.push(record)
    let fault: ProxyFault | undefined
    let by: ActiveRule | undefined
    for (const rule of rules) {
      const found = rule.next(record)
      if (found === undefined || fault !== undefined) continue
      fault = found
      by = rule
    }
    const memories = rules.filter((rule) => rule.answers !== by?.answers).map((rule) => rule.answers)
    // A request that was cut off lets go of its socket.
    const { socket } = client
    const stale = by?.answers
    const before = by?.before
    const exchange: Exchange = {
      client,
      socket,
      answer,
      record,
      fault,
      before,
      line,
      upstream,
      stale,
      memories,
    }
    serve(exchange).catch(() => socket.destroy())
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  const port = await listen(server)

  return {
    url: `http://127.0.0.1:${String(port)}`,
    requests,
    inject: (rule) => {
      const active = activeRule(rule)
      rules.push(active)
      return active
    },
    clear: () => {
      rules = []
      requests.length = 0
    },
    setPace: (to) => {
      paceNow = to
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

interface RequestRecord extends ProxiedRequest {
  status: number | undefined
  sent: number
  received: number
}

/** One request, and what befalls it. */
interface Exchange {
  readonly client: IncomingMessage
  readonly socket: Socket
  readonly answer: ServerResponse
  readonly record: RequestRecord
  readonly fault: ProxyFault | undefined
  readonly before: ProxyRule['before']
  readonly line: PacedLine
  readonly upstream: URL
  /** First answers of the rule that befalls it, where that is `stale`. */
  readonly stale: Map<string, KeptAnswer> | undefined
  /** Of all other rules. */
  readonly memories: readonly Map<string, KeptAnswer>[]
}

/** Answers larger than this are not remembered. */
const mostKept = 4 * 1024 * 1024

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function serve(exchange: Exchange): Promise<void> {
  const { socket, fault, line, before } = exchange
  const cut = cutPlace(fault)
  if (cut === 'request-head') return void socket.destroy()
  await line.travel()
  await before?.()
  if (fault?.kind === 'delay') await sleep(fault.milliseconds)
  if (await answeredHere(exchange)) return
  const response = await passOn(exchange)
  if (response === undefined) return
  if (cut === 'answer-lost' || fault?.kind === 'answer') {
    for await (const part of response) void part
    return fault?.kind === 'answer' ? give(exchange, ownAnswer(fault)) : void socket.destroy()
  }
  if (cut === 'answer-head') {
    response.destroy()
    return void socket.end(`HTTP/1.1 ${String(response.statusCode)} O`)
  }
  await giveAnswer(exchange, response)
}

/** Answers in the server's place, where the fault says so. */
async function answeredHere(exchange: Exchange): Promise<boolean> {
  const { client, socket, record, fault, line, stale } = exchange
  const kept = fault?.kind === 'stale' ? stale?.get(nameOf(record)) : undefined
  if (kept !== undefined) {
    client.resume()
    give(exchange, kept)
    return true
  }
  if (fault?.kind !== 'raw' && (fault?.kind !== 'answer' || fault.done === true)) return false
  for await (const part of line.slowed(client)) record.sent += part.length
  if (fault.kind === 'raw') socket.end(asBytes(fault.bytes))
  else give(exchange, ownAnswer(fault))
  return true
}

function cutPlace(fault: ProxyFault | undefined): string | undefined {
  return fault?.kind === 'cut' ? fault.place : undefined
}

function nameOf({ method, url }: ProxiedRequest): string {
  return `${method} ${url}`
}

function ownAnswer(fault: Extract<ProxyFault, { kind: 'answer' }>): KeptAnswer {
  const body = asBytes(fault.body)
  const headers = Object.entries({ 'Content-Length': String(body.length), ...fault.headers }).flat()
  return { status: fault.status, headers, body }
}

function give({ answer, record }: Exchange, { status, headers, body }: KeptAnswer): void {
  record.status = status
  record.received += record.method === 'HEAD' ? 0 : body.length
  answer.writeHead(status, [...headers])
  answer.end(record.method === 'HEAD' ? undefined : body)
}

/** Sends the request on; `undefined` when it was cut on the way. */
async function passOn(exchange: Exchange): Promise<IncomingMessage | undefined> {
  const { client, socket, record, fault, line, upstream } = exchange
  const onward = httpRequest({
    host: upstream.hostname,
    port: upstream.port,
    method: record.method,
    path: record.url,
    headers: without(client.rawHeaders, ['connection', 'keep-alive', 'expect']),
    agent: false,
  })
  const failed = new Promise<never>((_, reject) => onward.on('error', reject))
  failed.catch(() => undefined)
  const responded = once(onward, 'response') as Promise<[IncomingMessage]>
  responded.catch(() => undefined)
  const cutAt = fault?.kind === 'cut' && fault.place === 'request-body' ? (fault.after ?? 0) : Infinity
  for await (const part of line.slowed(client)) {
    const piece = part.subarray(0, cutAt - record.sent)
    record.sent += piece.length
    if (piece.length > 0 && !onward.write(piece)) await drained(onward, onward)
    if (record.sent >= cutAt) break
  }
  if (record.sent >= cutAt) {
    onward.destroy()
    socket.destroy()
    return undefined
  }
  onward.end()
  const [response] = await Promise.race([responded, failed])
  return response
}

/** Hands on the answer's head and body as the fault leaves them. */
async function giveAnswer(exchange: Exchange, response: IncomingMessage): Promise<void> {
  const { socket, answer, record, fault, memories } = exchange
  const said = response.headers['content-length']
  const length = said === undefined ? undefined : Number(said)
  const headers = giveHead(exchange, response, length)
  if (record.method === 'HEAD') return void answer.end()
  const stop = stopOf(fault)
  if (stop === 0 || fault?.kind === 'length') answer.flushHeaders() // there may be no body to send them with
  const kept = await giveBody(exchange, changedBody(response, fault, length), stop)
  if (socket.destroyed) return void response.destroy()
  if (record.received >= stop) {
    if (fault?.kind === 'stall') return
    await sleep(5) // what was written reaches the client before the connection ends
    response.destroy()
    return void socket.destroy()
  }
  if (fault?.kind === 'length' && fault.off > 0) return void socket.end()
  answer.end()
  if (kept === undefined) return
  const given = { status: record.status ?? 200, headers, body: kept }
  for (const memory of memories) if (!memory.has(nameOf(record))) memory.set(nameOf(record), given)
}

/** Gives the headers as they came. */
function giveHead({ answer, record, fault }: Exchange, response: IncomingMessage, length?: number): string[] {
  record.status = response.statusCode ?? 500
  const headers = without(response.rawHeaders, ['connection', 'keep-alive'])
  const told = [...headers]
  if (fault !== undefined && record.method !== 'HEAD') {
    const now = changedLength(fault, length)
    told.splice(0, told.length, ...without(headers, ['content-length', 'transfer-encoding']))
    if (now !== undefined) told.push('Content-Length', String(now))
  }
  if (fault?.kind === 'headers') {
    const others = without(
      told,
      Object.keys(fault.headers).map((name) => name.toLowerCase()),
    )
    told.splice(0, told.length, ...others, ...Object.entries(fault.headers).flat())
  }
  answer.writeHead(record.status, response.statusMessage, told)
  return headers
}

/** How many bytes of the answer's body come. */
function stopOf(fault: ProxyFault | undefined): number {
  const stops = fault?.kind === 'stall' || (fault?.kind === 'cut' && fault.place === 'answer-body')
  return stops ? (fault.after ?? 0) : Infinity
}

/** Gives a body up to `stop`, or until nobody takes it; what was given, where it is small. */
async function giveBody(
  { socket, answer, record, line }: Exchange,
  body: AsyncIterable<Uint8Array>,
  stop: number,
): Promise<Uint8Array | undefined> {
  const kept: Uint8Array[] = []
  for await (const part of line.slowed(body)) {
    if (socket.destroyed) return undefined
    const piece = part.subarray(0, stop - record.received)
    record.received += piece.length
    if (record.received <= mostKept) kept.push(piece)
    if (piece.length > 0 && !answer.write(piece)) await drained(answer, socket)
    if (record.received >= stop) break
  }
  return record.received <= mostKept ? Buffer.concat(kept) : undefined
}

/** Waits until more can be written, or nobody takes it any more. */
async function drained(stream: Writable, line: Writable): Promise<void> {
  const stop = new AbortController()
  const { signal } = stop
  const ends = [once(stream, 'drain', { signal }), once(line, 'close', { signal })]
  for (const end of ends) end.catch(() => undefined)
  await Promise.race(ends)
  stop.abort()
}

/** Raw headers without these names (in lower case). */
function without(raw: readonly string[], names: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (!names.includes(name.toLowerCase())) kept.push(name, raw[i + 1] as string)
  }
  return kept
}
