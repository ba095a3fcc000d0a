import type { OpenApiDocument, Operation } from './openapi.ts'

const style = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1,h2{line-height:1.2}summary{cursor:pointer;padding:.35rem 0}code,pre{font:14px/1.4 ui-monospace,monospace}
pre{background:#f4f6f8;padding:.75rem;overflow:auto;border-radius:6px}.method{display:inline-block;min-width:4.5rem;font-weight:600}
table{border-collapse:collapse}td{padding:.15rem .75rem .15rem 0;vertical-align:top}
@media (prefers-color-scheme:dark){body{color:#e6e9ec;background:#14171a}pre{background:#1f2429}}`

/** A page for people: every operation with its body and answers. It needs no script and nothing from elsewhere. */
export function docsPage(document: OpenApiDocument): string {
  const { title, version, description } = document.info
  const operations = Object.entries(document.paths)
    // A twin says nothing that its call does not say.
    .filter(([path]) => !path.endsWith('_async'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => section(path, method, operation)),
    )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title><style>${style}</style></head>
<body><h1>${escapeHtml(title)} <small>${escapeHtml(version)}</small></h1>
<p>${escapeHtml(description)} Machine-readable: <a href="openapi.json">openapi.json</a>.</p>
${operations.join('\n')}
</body></html>
`
}

function section(path: string, method: string, operation: Operation): string {
  const rows = Object.entries(operation.responses).map(
    ([status, response]) =>
      `<tr><td>${escapeHtml(status)}</td><td>${escapeHtml(String(response['description']))}</td></tr>`,
  )
  const name = `<span class="method">${escapeHtml(method.toUpperCase())}</span><code>${escapeHtml(path)}</code>`
  return `<details><summary>${name} – ${escapeHtml(operation.summary)}</summary>
${schemaBlock('Body', operation.requestBody)}${schemaBlock('Answer', operation.responses['200'])}
<table>${rows.join('')}</table></details>`
}

function schemaBlock(title: string, holder: Record<string, unknown> | undefined): string {
  const content = holder?.['content'] as Record<string, { schema?: unknown }> | undefined
  const schema = content?.['application/json']?.schema
  return schema ? `<p>${title}</p><pre>${escapeHtml(JSON.stringify(schema, null, 2))}</pre>` : ''
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
