import { errorKind, type ErrorCode } from '@runtime-sandbox/core'
import { errorBodySchema, failureSchema, managerCalls, type RpcDefinition } from '@runtime-sandbox/protocol'
import { z } from 'zod'
import { proxyMethods } from './relay/proxy.ts'

type Json = Record<string, unknown>
export type Operation = {
  operationId: string
  summary: string
  tags: string[]
  parameters?: Json[]
  requestBody?: Json
  responses: Record<string, Json>
  security?: Json[]
}
/** As much of an OpenAPI 3.1 document as is made here. */
export type OpenApiDocument = {
  openapi: string
  info: { title: string; version: string; description: string }
  paths: Record<string, Record<string, Operation>>
  components: Json
  security: Json[]
}

/** Errors that every call can have. */
const commonErrors: readonly ErrorCode[] = [
  'invalid_body',
  'unauthorized',
  'payload_too_large',
  'invalid_argument',
  'internal',
  'engine_unavailable',
]

/** The server's surface, made of the same data as its routes. */
export function openApiDocument(version: string): OpenApiDocument {
  const paths: OpenApiDocument['paths'] = { '/health': { get: health } }
  for (const call of Object.values(managerCalls)) {
    for (const name of [call.name, `${call.name}_async`]) paths[`/${name}`] = { post: callOperation(call, name) }
  }
  paths['/proxy/{identity}/{path}'] = Object.fromEntries(
    proxyMethods.map((method) => [method.toLowerCase(), proxyOperation(method)]),
  )
  paths['/desktop/{identity}/{path}'] = { get: desktop }
  paths['/metrics'] = { get: metrics }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Runtime Sandbox',
      version,
      description: 'Hands isolated sandboxes to AI agents. Each call also answers under its name with _async appended.',
    },
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'BEARER_TOKEN of the server' } },
      schemas: { Error: schemaOf(errorBodySchema, 'output'), Failure: schemaOf(failureSchema, 'output') },
    },
    security: [{ bearer: [] }],
  }
}

const health: Operation = {
  operationId: 'health',
  summary: 'Whether the server is ready',
  tags: ['server'],
  security: [],
  responses: { 200: { description: 'Ready' }, 503: { description: 'Starting or stopping' } },
}

const metrics: Operation = {
  operationId: 'metrics',
  summary: 'Figures in the text format of Prometheus',
  tags: ['server'],
  responses: { 200: { description: 'Figures', content: { 'text/plain': {} } }, ...errorResponses(['unauthorized']) },
}

const desktop: Operation = {
  operationId: 'desktop',
  summary: "Relays a page of a sandbox's desktop; a WebSocket to /desktop/{identity} is relayed as well",
  tags: ['proxy'],
  parameters: [
    ...sandboxPath('Path on the port of the sandbox, outside its runtime'),
    {
      name: 'password',
      in: 'query',
      schema: { type: 'string' },
      description: "The sandbox's runtime_token. The answer sets a cookie, which is enough from then on",
    },
  ],
  responses: {
    default: { description: "The sandbox's own answer, with its status", content: { '*/*': {} } },
    ...errorResponses(['unauthorized', 'sandbox_not_found', 'sandbox_unreachable']),
  },
}

function callOperation(call: RpcDefinition, name: string): Operation {
  const data = { data: schemaOf(call.data, 'output'), error: { $ref: '#/components/schemas/Failure' } }
  return {
    operationId: name,
    summary: call.summary,
    tags: ['calls'],
    requestBody: { required: true, content: json(schemaOf(call.body, 'input')) },
    responses: {
      200: { description: 'Done', content: json({ type: 'object', properties: data, required: ['data'] }) },
      ...errorResponses([...commonErrors, ...call.errors]),
    },
  }
}

function proxyOperation(method: string): Operation {
  const stream = { '*/*': {} }
  return {
    operationId: `proxy_${method.toLowerCase()}`,
    summary: "Streams a request to the sandbox's runtime",
    tags: ['proxy'],
    parameters: sandboxPath("Path behind the runtime's /fastapi; may contain slashes"),
    ...(method !== 'GET' && { requestBody: { content: stream } }),
    responses: {
      default: { description: "The runtime's own answer, with its status", content: stream },
      ...errorResponses(['unauthorized', 'sandbox_not_found', 'invalid_argument', 'sandbox_unreachable']),
    },
  }
}

function sandboxPath(path: string): Json[] {
  const text = { schema: { type: 'string' }, in: 'path', required: true }
  return [
    { ...text, name: 'identity', description: 'Name of the sandbox, or its session id' },
    { ...text, name: 'path', description: path },
  ]
}

function errorResponses(codes: readonly ErrorCode[]): Record<string, Json> {
  const byStatus = Map.groupBy(new Set(codes), (code) => errorKind(code).status)
  const responses = [...byStatus].map(([status, group]) => [
    status,
    { description: group.join(', '), content: json({ $ref: '#/components/schemas/Error' }) },
  ])
  return Object.fromEntries(responses) as Record<string, Json>
}

function json(schema: unknown): Json {
  return { 'application/json': { schema } }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}
