// The line between a program and a server: it counts requests and bytes, and delays or limits them where asked to.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { faultProxy } from '../../src/testing/fault-proxy.ts'
import { type Pace } from '../../src/testing/pace.ts'
import { type ProxiedRequest } from '../../src/testing/proxy-fault.ts'

/** What went over the line: requests, and bytes as they are on the wire, heads of requests and answers among them. */
export interface Traffic {
  readonly requests: number
  readonly sent: number
  readonly received: number
}

/** A line that is open. */
export interface Line {
  /** Where clients reach the server: `http://127.0.0.1:PORT`. */
  readonly url: string
  /** Since it was opened, or since the last reset. */
  traffic(): Traffic
  /** Every request, oldest first: to find out what was asked, and why. */
  requests(): readonly ProxiedRequest[]
  /** Counts anew. What runs by then must have ended. */
  reset(): void
  close(): Promise<void>
}

/**
 * Opens a line to an HTTP server. Each request is delayed by `pace.delay` milliseconds, and all bytes share its rate.
 * @example const line = await openLine('http://127.0.0.1:7480', { delay: 50 })
 */
export async function openLine(target: string, pace: Pace = {}): Promise<Line> {
  const proxy = await faultProxy(target, pace)
  const port = Number(new URL(proxy.url).port)
  const sockets = new Set<Socket>()
  const passed = { sent: 0, received: 0 }
  const server = createServer((client) => {
    const inner = connect(port, '127.0.0.1')
    // A request's head must not wait for more of it.
    for (const socket of [client, inner]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('close', () => inner.destroy())
    inner.on('close', () => client.end())
    client.on('data', (part) => (passed.sent += part.length))
    inner.on('data', (part) => (passed.received += part.length))
    client.pipe(inner)
    inner.pipe(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    traffic: () => ({ requests: proxy.requests.length, ...passed }),
    requests: () => [...proxy.requests],
    reset: () => {
      proxy.clear()
      passed.sent = passed.received = 0
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
      await proxy.close()
    },
  }
}
