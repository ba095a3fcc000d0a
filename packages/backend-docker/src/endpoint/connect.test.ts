import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http, { type RequestListener } from 'node:http'
import https from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { connect } from './connect.ts'
import type { Endpoint, TlsMaterial } from './endpoint.ts'

const run = promisify(execFile)
const directory = mkdtempSync(path.join(os.tmpdir(), 'docker-connect-'))
const open: (Server & { closeAllConnections(): void })[] = []

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const sayOk: RequestListener = (request, response) => response.end(request.url === '/_ping' ? 'OK' : '{}')

/** An engine that only knows what the listener does. */
async function startEngine(listener: RequestListener, tls?: TlsMaterial): Promise<number> {
  const { cert, key } = tls ?? {}
  const server = cert && key ? https.createServer({ cert, key }, listener) : http.createServer(listener)
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function ping(endpoint: Endpoint): Promise<string> {
  const { docker, disconnect } = connect(endpoint, undefined)
  try {
    return String(await docker.ping())
  } finally {
    disconnect()
  }
}

const tcp = (port: number, tls?: TlsMaterial): Endpoint => ({ kind: 'tcp', host: 'localhost', port, tls })

describe('connect', () => {
  it('speaks to a port', async () => {
    expect(await ping(tcp(await startEngine(sayOk)))).toBe('OK')
  })

  it('speaks to a socket', async () => {
    const socketPath = path.join(directory, 'engine.sock')
    const server = http.createServer(sayOk)
    open.push(server)
    await new Promise<void>((resolve) => server.listen(socketPath, resolve))
    expect(await ping({ kind: 'unix', socketPath })).toBe('OK')
  })

  it('goes where it is told, whatever the environment of the process says', async () => {
    const port = await startEngine(sayOk)
    const before = process.env['DOCKER_HOST']
    process.env['DOCKER_HOST'] = 'tcp://192.0.2.1:1'
    try {
      expect(await ping(tcp(port))).toBe('OK')
    } finally {
      if (before === undefined) delete process.env['DOCKER_HOST']
      else process.env['DOCKER_HOST'] = before
    }
  })

  it.each(['http://no-such-host.invalid/', '/elsewhere', '//elsewhere.invalid/x'])(
    'does not follow a redirect to %s',
    async (location) => {
      let asked = 0
      const port = await startEngine((_, response) => {
        asked += 1
        response.writeHead(301, { location }).end()
      })
      await expect(ping(tcp(port))).rejects.toThrow(/redirects/i)
      expect(asked).toBe(1)
    },
  )
})

const certificate = await makeCertificate()

describe.skipIf(certificate === undefined)('connect over TLS', () => {
  it('trusts an engine whose certificate is known', async () => {
    const { cert } = certificate!
    expect(await ping(tcp(await startEngine(sayOk, certificate), { ca: cert }))).toBe('OK')
  })

  it('does not trust another, and does not fall back to none', async () => {
    const port = await startEngine(sayOk, certificate)
    await expect(ping(tcp(port, {}))).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    await expect(ping(tcp(await startEngine(sayOk), {}))).rejects.toMatchObject({ code: expect.anything() as string })
  })
})

/** undefined where there is no openssl. */
async function makeCertificate(): Promise<{ cert: string; key: string } | undefined> {
  const [keyFile, certFile] = ['key.pem', 'cert.pem'].map((name) => path.join(directory, name)) as [string, string]
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  try {
    await run('openssl', [...request, ...subject, '-keyout', keyFile, '-out', certFile])
  } catch {
    return undefined
  }
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
}
