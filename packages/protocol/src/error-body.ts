import { z } from 'zod'

/** Body of every error answer. `detail` is worded as the original's where a client could match on it. */
export const errorBodySchema = z.looseObject({
  detail: z.string(),
  /** Of the error table. */
  code: z.string().optional(),
  retryable: z.boolean().optional(),
  remediation: z.string().optional(),
  request_id: z.string().optional(),
})

export type ErrorBody = z.infer<typeof errorBodySchema>
