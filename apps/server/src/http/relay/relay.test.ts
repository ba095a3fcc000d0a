import { randomBytes } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it, afterAll, onTestFinished } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { startServer, type RunningServer } from '../../compose/start-server.ts'

const engine = fileURLToPath(new URL('./desktop-engine.fixture.ts', import.meta.url))
const environment = { CONTAINER_DEPLOYMENT: engine, PORT: '0', POOL_SIZE: '0', HEARTBEAT_TIMEOUT: '300' }

type Asked = { url: string; headers: Record<string, string> }

describe.each([{ token: 'server-token' }, { token: undefined }])(
  'desktops of a server with token $token',
  ({ token }) => {
    let server: RunningServer
    let identity: string
    let password: string
    const authorization = { authorization: `Bearer ${token}` }
    const at = (path = '') => `${server.url}/desktop/${identity}${path}`
    const secret = () => `password=${password}`

    beforeAll(async () => {
      server = await startServer({
        environment: { ...environment, ...(token && { BEARER_TOKEN: token }) },
        directory: '/tmp',
      })
      identity = await server.manager.create({ meta: { session_ctx_id: 'S' } })
      password = (await server.manager.getInfo(identity)).runtimeToken
    })
    afterAll(async () => {
      await server?.close({ graceMs: 0 })
    })

    const cookieFrom = async () => {
      const answer = await fetch(at(`/vnc/page.html?${secret()}`))
      return answer.headers.get('set-cookie')!.split(';')[0]!
    }

    it('are nobody’s without a password', async () => {
      for (const path of [
        '/',
        '/vnc/page.html',
        '/vnc/page.html?password=',
        '/?password=wrong',
        `/?password=${password}x`,
      ]) {
        const answer = await fetch(at(path))
        expect(answer.status, path).toBe(401)
        expect(((await answer.json()) as { detail: string }).detail).toMatch(/^(Authentication required|Invalid auth)/)
      }
      for (const cookie of ['sandbox-desktop=x', `sandbox-desktop=${password}`]) {
        expect((await fetch(at('/'), { headers: { cookie } })).status).toBe(401)
      }
    })

    it('open to their password, and then to a cookie for this sandbox alone', async () => {
      const first = await fetch(at(`/vnc/page.html?${secret()}&scale=1`))
      expect(first.status).toBe(200)
      const asked = (await first.json()) as Asked
      // The page reads the password from its own address; the sandbox's program has no use for it.
      expect(asked.url).toBe('/vnc/page.html?scale=1')
      const cookie = first.headers.get('set-cookie')!
      expect(cookie).toMatch(
        new RegExp(`^sandbox-desktop=[\\w-]{43}; Path=/desktop/${identity}; HttpOnly; SameSite=Strict$`),
      )
      expect(cookie).not.toContain(password)
      const headers = { cookie: cookie.split(';')[0]! }
      const asset = await fetch(at('/vnc/core/rfb.js?v=2'), { headers })
      expect([asset.status, asset.headers.get('set-cookie')]).toEqual([200, null])
      expect(((await asset.json()) as Asked).url).toBe('/vnc/core/rfb.js?v=2')
      const other = await server.manager.create()
      expect((await fetch(`${server.url}/desktop/${other}/`, { headers })).status).toBe(401)
    })

    it('open to the token of the server', async () => {
      const answer = await fetch(at('/'), { headers: authorization })
      expect(answer.status).toBe(token === undefined ? 401 : 200)
    })

    it('are relayed with their true status and type, and no more than belongs to them', async () => {
      const headers = { cookie: `${await cookieFrom()}; other=1`, accept: 'text/x-mine', authorization: 'Bearer x' }
      const answer = await fetch(at('/missing.html'), { headers })
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/json'])
      const asked = (await answer.json()) as Asked
      expect(asked.headers['accept']).toBe('text/x-mine')
      for (const name of ['cookie', 'authorization']) expect(asked.headers, name).not.toHaveProperty(name)
      expect(asked.headers['x-agentrun-session-id']).toBe(`s${identity}`)
      expect(answer.headers.get('set-cookie')).toBeNull()
      const policy = answer.headers.get('content-security-policy')!
      expect(policy).toContain(`connect-src http://127.0.0.1:${server.port}/desktop/${identity}/`)
      expect(policy).toContain(`ws://127.0.0.1:${server.port}/desktop/${identity}`)
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
    })

    it('lead a name without a slash to one with it, behind any prefix', async () => {
      const answer = await fetch(at('?a=1'), { redirect: 'manual' })
      expect([answer.status, answer.headers.get('location')]).toEqual([307, `${identity}/?a=1`])
    })

    it('know the prefix, host and scheme that a proxy in front tells', async () => {
      const headers = {
        'x-forwarded-prefix': '/sandboxes',
        'x-forwarded-host': 'agents.example:8443',
        'x-forwarded-proto': 'https',
      }
      const answer = await fetch(at(`/?${secret()}`), { headers })
      expect(answer.headers.get('set-cookie')).toContain(
        `Path=/sandboxes/desktop/${identity}; HttpOnly; SameSite=Strict; Secure`,
      )
      expect(answer.headers.get('content-security-policy')).toContain(
        `http://agents.example:8443/sandboxes/desktop/${identity}/`,
      )
      const forged = { 'x-forwarded-prefix': '/x; script-src *', 'x-forwarded-host': "a' *" }
      const careful = await fetch(at(`/?${secret()}`), { headers: forged })
      expect(careful.headers.get('set-cookie')).toContain(`Path=/desktop/${identity};`)
      expect(careful.headers.get('content-security-policy')).not.toContain('script-src *')
    })

    it('do not reach the runtime', async () => {
      const headers = { cookie: await cookieFrom() }
      for (const path of [
        'fastapi/healthz',
        'FastAPI/healthz',
        '%66astapi/healthz',
        'fastapi',
        '.%2ffastapi',
        '%2e/fastapi/x',
        '/fastapi/healthz',
      ]) {
        const status = await rawStatus(server.port, `/desktop/${identity}/${path}`, headers)
        expect([400, 404, 422], path).toContain(status)
      }
    })

    it.each(['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])('do not take %s', async (method) => {
      expect((await fetch(at(`/?${secret()}`), { method })).status).toBe(405)
    })

    it('that are not there are told so', async () => {
      const answer = await fetch(`${server.url}/desktop/nobody/x`)
      expect(answer.status).toBe(404)
      await answer.arrayBuffer()
      const broken = await fetch(at(`/broken?${secret()}`))
      expect([broken.status, ((await broken.json()) as { detail: string }).detail]).toEqual([
        502,
        expect.stringMatching(/^Upstream request failed: /),
      ])
    })

    describe('sockets', () => {
      const open = (path: string, options: ClientOptions = {}, protocols: string[] = []) => {
        const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, protocols, options)
        onTestFinished(() => socket.terminate())
        socket.on('error', () => {})
        return socket
      }
      const statusOf = async (socket: WebSocket) => {
        const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
        return answer.statusCode
      }
      const opened = async (path: string, options: ClientOptions = {}, protocols: string[] = []) => {
        const socket = open(path, options, protocols)
        const [first] = (await once(socket, 'message')) as [Buffer]
        return { socket, asked: JSON.parse(String(first)) as Asked }
      }

      it('reach the desktop by password or cookie, with query and subprotocol', async () => {
        const { socket, asked } = await opened(`/desktop/${identity}?${secret()}&x=1`, {}, ['other', 'binary'])
        expect(socket.protocol).toBe('binary')
        expect(asked.url).toBe(`/websockify?${secret()}&x=1`)
        const headers = { cookie: await cookieFrom() }
        const origin = server.url
        const byCookie = await opened(`/desktop/${identity}/websockify/deep?y=2`, { headers, origin })
        expect(byCookie.asked.url).toBe('/websockify/deep?y=2')
        expect(byCookie.asked.headers).not.toHaveProperty('cookie')
      })

      it('pass binary as binary, text as text, of any size, and how they were closed', async () => {
        const { socket } = await opened(`/desktop/${identity}?${secret()}`)
        for (const [data, isBinary] of [
          [Buffer.from('text ü'), false],
          [randomBytes(10), true],
          [randomBytes(3_000_000), true],
        ] as const) {
          socket.send(data, { binary: isBinary })
          const [back, wasBinary] = (await once(socket, 'message')) as [Buffer, boolean]
          expect([Buffer.compare(back, data), wasBinary]).toEqual([0, isBinary])
        }
        socket.ping('p')
        expect(String((await once(socket, 'pong'))[0])).toBe('p')
        socket.send('close')
        const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
        expect([code, String(reason)]).toEqual([4321, 'as asked'])
      })

      it('reach the runtime with what calls need, which goes no further', async () => {
        const headers = token === undefined ? {} : authorization
        const { asked } = await opened(`/proxy/${identity}/echo?a=b`, { headers })
        expect(asked.url).toBe('/fastapi/echo?a=b')
        expect(asked.headers['authorization']).toBe(`Bearer ${password}`)
        const foreign = open(`/proxy/${identity}/echo?${secret()}`, { origin: 'http://evil.example' })
        expect(await statusOf(foreign)).toBe(token === undefined ? 403 : 401)
      })

      it('are refused before anything is dialled', async () => {
        const cookie = await cookieFrom()
        expect(await statusOf(open(`/desktop/${identity}`))).toBe(401)
        expect(await statusOf(open(`/desktop/${identity}?password=wrong`))).toBe(401)
        const other = await server.manager.create()
        expect(await statusOf(open(`/desktop/${other}`, { headers: { cookie } }))).toBe(401)
        expect(
          await statusOf(open(`/desktop/${identity}`, { headers: { cookie }, origin: 'http://evil.example' })),
        ).toBe(403)
        expect(await statusOf(open(`/desktop/${identity}`, { headers: { cookie } }))).toBe(403)
        expect(await statusOf(open('/desktop/nobody'))).toBe(404)
        expect(await statusOf(open('/call_tool'))).toBe(404)
        expect(await statusOf(open(`/desktop/${identity}/fastapi/x?${secret()}`))).toBe(404)
        expect(await statusOf(open(`/desktop/${identity}/%2e%2e/x?${secret()}`))).toBe(404)
      })

      it('tell a refusal of the sandbox as it is', async () => {
        expect(await statusOf(open(`/desktop/${identity}/refused?${secret()}`))).toBe(403)
      })

      it('that are none are refused', async () => {
        const answers = await Promise.all(
          [
            'GET /desktop/x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
            'GET /desktop/x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
            'POST /desktop/x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
          ].map((text) => rawAnswer(server.port, text)),
        )
        for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 422 /)
      })

      it('end when either side goes away', async () => {
        const doomed = await server.manager.create()
        const { runtimeToken } = await server.manager.getInfo(doomed)
        const { socket } = await opened(`/desktop/${doomed}?password=${runtimeToken}`)
        const ended = once(socket, 'close')
        await server.manager.release(doomed)
        expect((await ended)[0]).toBe(1006)
        const leaving = await opened(`/desktop/${identity}?${secret()}`)
        const left = once(leaving.socket, 'close')
        leaving.socket.terminate()
        expect((await left)[0]).toBe(1006)
      })
    })
  },
)

describe('a server that stops', () => {
  it('ends its sockets at once', async () => {
    const server = await startServer({ environment, directory: '/tmp' })
    const identity = await server.manager.create()
    const { runtimeToken } = await server.manager.getInfo(identity)
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/desktop/${identity}?password=${runtimeToken}`)
    await once(socket, 'open')
    const begun = performance.now()
    await Promise.all([once(socket, 'close'), server.close()])
    expect(performance.now() - begun).toBeLessThan(3000)
  })
})

/** Status of a request whose path no client library touches. */
function rawStatus(port: number, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ port, host: '127.0.0.1', path, headers }, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
    outgoing.on('error', reject).end()
  })
}

async function rawAnswer(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  const chunks = await Array.fromAsync(socket as AsyncIterable<Buffer>)
  return Buffer.concat(chunks).toString()
}
