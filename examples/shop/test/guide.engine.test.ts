// The guide's commands are run as they stand there, against a running shop: what does not work for us works for nobody.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { findPostgres } from '@banyan/tools/postgres-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from './eventually.ts'
import { type RaceStage, startStage } from './races/stage.ts'

const guide = new URL('../../../docs/guide/shop.md', import.meta.url)
const run = promisify(execFile)
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)

describe.skipIf(!findPostgres().found || !hasCurl)('the guide to the shop', () => {
  let stage: RaceStage
  let text: string
  beforeAll(async () => {
    text = await readFile(guide, 'utf8')
    stage = await startStage()
  })
  afterAll(() => stage?.stop())

  it('has commands that work', async () => {
    const { shop, provider } = stage
    const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1] ?? '')
    const script = blocks
      .filter((block) => block.includes('curl'))
      .join('\n')
      .replaceAll('http://127.0.0.1:8080', shop.url)
      .replaceAll('http://127.0.0.1:8070', provider.url)
      // Without -f a refusal would look like a success.
      .replaceAll(/curl -(si?) /g, 'curl -$1f -w "\\n" ')
    const commands = script.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const [ordering, rest] = [commands.findIndex((line) => line.includes('-X POST')) + 1, commands.length]
    await sh(commands.slice(0, ordering))
    await eventually(
      'the parcel to be packed',
      async () => (await shop.ordersOf('ada')).body.items[0]?.status,
      (status) => status !== 'pending',
      { intervalMs: 10 },
    )
    // Too late to cancel is an answer, too, and too early to send it back.
    const output = await sh(commands.slice(ordering, rest).filter((line) => !/\/(cancel|return)\b/.test(line)))
    expect(output).toContain('"status":')
    expect(output).toContain('"chargeId":')
    expect(commands.filter((line) => line.includes('curl'))).toHaveLength(18)
  })

  it('links to files that are there', () => {
    const links = [...text.matchAll(/\]\((\.\.[^)#]+)\)/g)].map((match) => match[1] as string)
    expect(links.length).toBeGreaterThan(10)
    for (const link of links) expect(existsSync(new URL(link, guide)), link).toBe(true)
  })

  it('leaves out no endpoint', async () => {
    const { paths } = (await shop().send<{ paths: Record<string, object> }>('GET', '/openapi.json')).body
    const written = text
      .replaceAll('mug-stone', '{sku}')
      .replaceAll('$ORDER', '{orderId}')
      .replaceAll('/ada/', '/{customerId}/')
    expect(Object.keys(paths).length).toBeGreaterThan(8)
    for (const path of Object.keys(paths)) expect(written).toContain(`:8080${path}`)
  })

  const shop = (): RaceStage['shop'] => stage.shop
})

async function sh(commands: readonly string[]): Promise<string> {
  const { stdout } = await run('sh', ['-e', '-c', commands.join('\n')])
  return stdout
}
