/** What one writes without any framework: node:http, JSON both ways, the length said beforehand. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer } from '../in-process/payloads.ts'
import { answerParent } from '../measure/peer.ts'

const server = createServer({ noDelay: true, keepAliveTimeout: 65_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', async () => {
    const body = JSON.stringify(await answer(JSON.parse(Buffer.concat(chunks).toString()) as { customer: string }))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
    response.end(body)
  })
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

answerParent({ address: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
