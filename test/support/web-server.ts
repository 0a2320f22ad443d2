// A static web server over a folder, for tests: Node's own http with ranges, or nginx where it is installed. Its
// answers can be bent, to be the servers and lines that there are.
import { spawn, spawnSync } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync, statSync, writeFileSync, type Stats } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, createServer as createListener } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A web server that runs. */
export interface WebServer {
  /** Ends in a slash. */
  readonly address: string
  /** Requests so far. */
  readonly requests: readonly { readonly url: string; readonly headers: IncomingMessage['headers'] }[]
  stop(): Promise<void>
}

/** Answers by itself, and says true; or leaves it to the server. */
export type Bend = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>

/** Serves a folder: ETags, single ranges, 304. */
export async function serveFolder(folder: string, bend: Bend = () => false): Promise<WebServer> {
  const requests: { url: string; headers: IncomingMessage['headers'] }[] = []
  const server = createServer((request, response) => {
    requests.push({ url: request.url ?? '', headers: request.headers })
    void (async () => {
      if (!(await bend(request, response))) serve(folder, request, response)
    })()
  })
  const port = await listening(server)
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { address: `http://127.0.0.1:${String(port)}/`, requests, stop }
}

function serve(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const path = join(folder, decodeURIComponent(new URL(request.url ?? '/', 'http://h').pathname))
  const found = fileAt(path)
  if (found === undefined) {
    response.writeHead(404).end('nothing')
    return
  }
  const etag = `"${found.mtimeMs.toString(36)}-${found.size.toString(36)}"`
  const headers = { etag, 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' }
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end()
    return
  }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  if (from === undefined) {
    response.writeHead(200, { ...headers, 'content-length': found.size })
    createReadStream(path).pipe(response)
    return
  }
  const start = Number(from)
  const end = Math.min(to === '' ? found.size : Number(to) + 1, found.size)
  if (start >= found.size) {
    response.writeHead(416, { 'content-range': `bytes */${String(found.size)}` }).end()
    return
  }
  const range = `bytes ${String(start)}-${String(end - 1)}/${String(found.size)}`
  response.writeHead(206, { ...headers, 'content-range': range, 'content-length': end - start })
  createReadStream(path, { start, end: end - 1 }).pipe(response)
}

function fileAt(path: string): Stats | undefined {
  try {
    const found = statSync(path)
    return found.isFile() ? found : undefined
  } catch {
    return undefined // no such file, or a file where a folder should be
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { readonly port: number }).port
}

/** True where nginx is installed; says so where not. */
export function hasNginx(): boolean {
  const { status } = spawnSync('sh', ['-c', 'command -v nginx || test -x /usr/sbin/nginx'])
  if (status !== 0) console.warn('skipped: tests behind nginx need Debian’s nginx-light (see .ci/run)')
  return status === 0
}

/** Serves a folder by nginx, as it is installed. */
export async function serveByNginx(folder: string): Promise<WebServer> {
  const own = mkdtempSync(join(tmpdir(), 'quilt-nginx-'))
  const port = await freePort()
  const config = [
    `daemon off; pid ${own}/pid; error_log ${own}/error.log; user root;`,
    'events {}',
    `http { access_log off; client_body_temp_path ${own}/a; proxy_temp_path ${own}/b; fastcgi_temp_path ${own}/c;`,
    `uwsgi_temp_path ${own}/d; scgi_temp_path ${own}/e; gzip on; gzip_types *; default_type application/octet-stream;`,
    `server { listen 127.0.0.1:${String(port)}; root ${folder}; } }`,
  ]
  writeFileSync(`${own}/nginx.conf`, config.join('\n'))
  const child = spawn('nginx', ['-c', `${own}/nginx.conf`, '-e', `${own}/error.log`], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
  })
  await reachable(port)
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await new Promise((resolve) =>
      child.exitCode === null ? child.once('exit', resolve) : resolve(undefined),
    )
    rmSync(own, { recursive: true, force: true })
  }
  return { address: `http://127.0.0.1:${String(port)}/`, requests: [], stop }
}

async function reachable(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.on('error', () => resolve(false))
      socket.on('close', () => socket.destroy())
      socket.once('connect', () => socket.end())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`nothing listens on port ${String(port)}`)
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createListener()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
