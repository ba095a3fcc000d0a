/** An answer with an error status; `detail` is shown to the caller. */
export class HttpProblem extends Error {
  readonly status: 400 | 403 | 404 | 409 | 413 | 422 | 500 | 501

  constructor(status: HttpProblem['status'], detail: string, options?: ErrorOptions) {
    super(detail, options)
    this.status = status
  }
}
