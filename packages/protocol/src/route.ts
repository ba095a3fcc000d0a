import type { z } from 'zod'
import type { ErrorCode } from '@runtime-sandbox/core'

/** One route of a surface, as data: servers mount it, clients call it, the OpenAPI document and the docs are made from it. */
export type RouteDefinition = {
  /** Unique within the surface; the OpenAPI operationId. */
  name: string
  method: 'get' | 'post' | 'put' | 'delete' | 'patch'
  /** With `{name}` for path parameters; `{name...}` takes the rest of the path. */
  path: string
  summary: string
  /** Path parameters and their meaning. */
  pathParameters?: Readonly<Record<string, string>>
  /** Query parameters: an object of strings (or what coerces from them). */
  query?: z.ZodObject
  /** JSON body, or the media type of a body that is streamed. */
  body?: z.ZodType | 'application/octet-stream' | 'multipart/form-data'
  /** JSON answer, or the media type of another one; `none` = no body. */
  response: z.ZodType | 'text/plain' | 'application/octet-stream' | 'none'
  /** Status of success. */
  status: 200 | 204
  /** Errors beside those that every route can have. */
  errors: readonly ErrorCode[]
  /** Whether the route is open to everyone. */
  public?: boolean
}

/** A surface: its routes by name. */
export type RouteTable = Readonly<Record<string, RouteDefinition>>
