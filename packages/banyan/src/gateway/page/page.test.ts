import { createHash } from 'node:crypto'
import { Script } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { startOrdersGateway } from '../testing/orders-gateway.ts'
import { renderPage } from './page.ts'
import { schemaScript } from './schema-script.ts'

describe('/docs', () => {
  it('runs its own script and style and nothing else', async () => {
    const { send } = await startOrdersGateway()
    const { text, headers } = await send('GET', '/docs')
    const policy = headers['content-security-policy'] as string
    for (const [tag, directive] of [
      ['script', 'script-src'],
      ['style', 'style-src'],
    ]) {
      const [, source] = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text) as unknown as [string, string]
      expect(policy).toContain(`${directive} 'sha256-${createHash('sha256').update(source).digest('base64')}'`)
    }
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
    expect(text.match(/<script/g)).toHaveLength(1)
    expect(text).not.toMatch(/\son\w+=|style=|javascript:|https?:\/\/(?!example\.com)/)
  })

  it('has a script that parses, and a name that is text', () => {
    const { html } = renderPage('<img src=x onerror=alert(1)>')
    expect(html).not.toContain('<img')
    expect(() => new Script(/<script>([\s\S]*?)<\/script>/.exec(html)?.[1] as string)).not.toThrow()
  })

  it('is revalidated by its tag', async () => {
    const { send } = await startOrdersGateway()
    for (const path of ['/docs', '/openapi.json']) {
      const first = await send('GET', path)
      const again = await send('GET', path, { headers: { 'if-none-match': first.headers['etag'] as string } })
      expect([first.status, again.status, again.text]).toEqual([200, 304, ''])
    }
  })
})

describe('/openapi.json', () => {
  it('describes what is served and nothing internal', async () => {
    const { send, gateway } = await startOrdersGateway()
    const { json } = await send('GET', '/openapi.json')
    expect(json.openapi).toMatch(/^3\.1\./)
    expect(json.info).toMatchObject({ title: 'Shop', version: '2.0.0' })
    expect(Object.keys(json.paths['/orders/{orderId}']).sort()).toEqual(['delete', 'get', 'put'])
    expect(JSON.stringify(json)).not.toContain('orders.internal')
    expect(json).toEqual(JSON.parse(JSON.stringify(gateway.openapi())))
  })
})

describe('the schema part of the script', () => {
  const run = (expression: string): unknown => new Script(`${schemaScript};(${expression})`).runInNewContext()

  it('writes types', () => {
    const schema = {
      type: 'object',
      required: ['a'],
      properties: { a: { type: 'integer', minimum: 1, maximum: 9 }, b: { enum: ['x', 'y'] } },
    }
    expect(run(`typeText(${JSON.stringify(schema)}, '', 0)`)).toBe('{\n  a: integer  // 1–9\n  b?: "x" | "y"\n}')
  })

  it('follows references and ends in recursive ones', () => {
    const node = { type: 'object', required: ['next'], properties: { next: { $ref: '#/node' } } }
    const text = run(
      `(api = ${JSON.stringify({ node })}, typeText({ $ref: '#/node' }, '', 0) + JSON.stringify(example({ $ref: '#/node' }, 0)))`,
    )
    expect(text).toContain('next')
  })

  it('makes examples of what has to be there', () => {
    const schema = {
      type: 'object',
      required: ['list'],
      properties: { list: { type: 'array', items: { type: 'string', format: 'date' } }, more: {} },
    }
    expect(JSON.stringify(run(`example(${JSON.stringify(schema)}, 0)`))).toBe('{"list":["2026-01-31"]}')
  })
})
