/**
 * Restate: its server as a process of its own, with its defaults and a folder that goes away, and here the workflow (three steps)
 * and who calls it through the server's HTTP ingress. Everything of it stands on this machine alone.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http2'
import { type AddressInfo, createServer as createSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { importPeer, peerFile } from './peers.ts'
import { loadSagas, serveSagas, stepValues } from './saga-load.ts'

interface WorkflowContext {
  run(name: string, act: () => Promise<number>): Promise<number>
}
interface Sdk {
  workflow(definition: {
    readonly name: string
    readonly handlers: { run(ctx: WorkflowContext, index: number): Promise<number> }
  }): { readonly name: string }
  createEndpointHandler(options: { services: readonly object[] }): Parameters<typeof createServer>[1]
}
interface Clients {
  connect(options: { url: string }): {
    workflowClient(workflow: object, key: string): { run(index: number): Promise<number> }
  }
}

const startMs = 60_000

async function freePort(): Promise<number> {
  const server = createSocket().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function startServer(
  folder: string,
): Promise<{ readonly child: ChildProcess; readonly ingress: string; readonly admin: string }> {
  const [ingress, admin, node] = [await freePort(), await freePort(), await freePort()]
  const binary = peerFile(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`)
  const child = spawn(binary, ['--listen-mode', 'tcp', '--bind-ip', '127.0.0.1', '--bind-port', String(node)], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      ...process.env,
      RESTATE_BASE_DIR: folder,
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_LOG_FILTER: 'error',
      RESTATE_INGRESS__BIND_PORT: String(ingress),
      RESTATE_ADMIN__BIND_PORT: String(admin),
    },
  })
  return { child, ingress: `http://127.0.0.1:${ingress}`, admin: `http://127.0.0.1:${admin}` }
}

/** Tells the server where the workflow is; it answers when it is ready. */
async function deploy(admin: string, uri: string): Promise<void> {
  const endMs = performance.now() + startMs
  const body = JSON.stringify({ uri })
  for (;;) {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${admin}/deployments`, { method: 'POST', headers, body }).catch(() => undefined)
    if (answer?.ok) return
    if (performance.now() > endMs) throw new Error(`the Restate server is not ready: ${await answer?.text()}`)
    await sleep(100)
  }
}

const [sdk, clients] = [
  await importPeer<Sdk>('@restatedev/restate-sdk'),
  await importPeer<Clients>('@restatedev/restate-sdk-clients'),
]
const threeSteps = sdk.workflow({
  name: 'ThreeSteps',
  handlers: {
    async run(ctx, index) {
      const [one, two, three] = stepValues(index)
      const first = await ctx.run('one', async () => one)
      const second = await ctx.run('two', async () => two)
      return first + second + (await ctx.run('three', async () => three))
    },
  },
})
const endpoint = createServer({}, sdk.createEndpointHandler({ services: [threeSteps] }))
endpoint.listen(0, '127.0.0.1')
await once(endpoint, 'listening')
const folder = await mkdtemp(join(tmpdir(), 'banyan-bench-restate-'))
const server = await startServer(folder)
process.on('exit', () => server.child.kill('SIGKILL'))
await deploy(server.admin, `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`)
const ingress = clients.connect({ url: server.ingress })

serveSagas((given) =>
  loadSagas(given, (key, index) => ingress.workflowClient(threeSteps, key).run(index)), async () => {
  const gone = once(server.child, 'exit')
  server.child.kill('SIGKILL')
  await gone
  await rm(folder, { recursive: true, force: true })
}, [server.child.pid ?? 0])
