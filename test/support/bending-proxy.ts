// A proxy before a real server, which bends answers: cuts them, says other lengths, fails, stalls, redirects.
import {
  createServer,
  request as ask,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'

/** A request that came by, and its number, from 1 on, among those that `isCounted`. */
export interface Passing {
  readonly request: IncomingMessage
  readonly number: number
}

/** What to do with an answer; what is left out is as the server gave it. */
export interface Bending {
  /** Answers in the server's place. */
  readonly instead?: (response: ServerResponse) => void
  /** Passes so many bytes of the body, then cuts the line. */
  readonly cutAfter?: (length: number) => number
  readonly headers?: Readonly<Record<string, string>>
  /** Other bytes for the body. */
  readonly body?: (body: Buffer) => Buffer
}

/** A proxy that runs. */
export interface BendingProxy {
  /** Ends without a slash. */
  readonly address: string
  readonly seen: readonly {
    readonly method: string
    readonly url: string
    readonly headers: IncomingHttpHeaders
  }[]
  stop(): Promise<void>
}

/** Starts a proxy before `target`; `bend` sees each request. */
export async function bendingProxy(
  target: string,
  bend: (passing: Passing) => Bending | undefined | Promise<Bending | undefined>,
): Promise<BendingProxy> {
  const seen: { method: string; url: string; headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request
    seen.push({ method, url, headers })
    void answer(request, response, seen.length)
  })

  async function answer(request: IncomingMessage, response: ServerResponse, number: number): Promise<void> {
    const bent = (await bend({ request, number })) ?? {}
    if (bent.instead !== undefined) {
      request.resume()
      bent.instead(response)
      return
    }
    const to = new URL(request.url ?? '/', target)
    const { method, headers } = request
    const passed = ask(to, { method, headers, agent: false }, (from) => {
      void forward(from, response, bent).catch(() => response.destroy())
    })
    passed.on('error', () => response.destroy())
    request.pipe(passed)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  return {
    address: `http://127.0.0.1:${String(port)}`,
    seen,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function forward(from: IncomingMessage, response: ServerResponse, bent: Bending): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of from) parts.push(part as Buffer)
  const whole = Buffer.concat(parts)
  const body = bent.body?.(whole) ?? whole
  const headers = { ...from.headers, ...bent.headers }
  delete headers['transfer-encoding']
  response.writeHead(from.statusCode ?? 500, headers)
  if (bent.cutAfter === undefined) {
    response.end(body)
    return
  }
  response.flushHeaders()
  response.write(body.subarray(0, bent.cutAfter(body.length)), () => {
    setTimeout(() => response.destroy(), 20) // what was written arrives
  })
}
