import { wireConformance } from '@runtime-sandbox/testkit'
import { engines } from './engines.ts'
import { ServerProcess } from './server-process.ts'

for (const { name, skip, environment } of engines) {
  wireConformance(name, {
    skip,
    async start(settings) {
      const server = await ServerProcess.start({ environment: { ...environment, ...settings } })
      return { baseUrl: server.url, token: server.token, stop: () => server[Symbol.asyncDispose]() }
    },
  })
}
