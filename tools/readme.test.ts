// The program in the README is complete, short, and does what the README says.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createHost, type System } from 'banyan'
import { createVirtualEnvironment } from 'banyan/core'
import { createGateway } from 'banyan/gateway'
import { silentLog } from 'banyan/telemetry'
import { afterAll, expect, it } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
// Inside the repository, so that the program finds the library by its name.
const folder = join(root, '.banyan', 'readme')
afterAll(() => rm(folder, { recursive: true, force: true }))

it('has a complete program of at most 20 lines that answers as it says', async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  expect(program.trimEnd().split('\n').length).toBeLessThanOrEqual(20)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'system.ts'), program)
  const { default: system } = (await import(pathToFileURL(join(folder, 'system.ts')).href)) as { default: System }

  const environment = createVirtualEnvironment()
  const openStore = () => Promise.reject(new Error('the program has no database'))
  const host = createHost({ system, environment, openStore, log: silentLog })
  await host.start()
  const gateway = createGateway({
    environment,
    contracts: host.contracts,
    invoke: (operation, input, options) => host.invoke(operation, input, options),
    info: { name: system.name },
    log: silentLog,
  })
  const server = await gateway.listen({ host: '127.0.0.1', port: 8080 })
  const client = environment.network.connect(`http://127.0.0.1:${server.port}`)
  const get = (path: string) => environment.run(client.send({ method: 'GET', path, headers: { host: '127.0.0.1' } }))

  const answer = /answers `(.*?)`/.exec(readme)?.[1]
  expect((await get('/hello/Ada')).text()).toBe(answer)
  const refused = await get(`/hello/${'x'.repeat(81)}`)
  expect(refused.status).toBe(422)
  expect(JSON.parse(refused.text())).toMatchObject({ errors: [{ rule: 'maxLength' }] })
  expect((await get('/docs')).status).toBe(200)
  await environment.run(host.stop())
})
