/** The load on the gateways: so many connections asking for one product after the other. */
import { closedLoop, type Load } from '../measure/closed-loop.ts'
import { answerParent } from '../measure/peer.ts'
import { connectRaw } from '../measure/raw-client.ts'

interface Ask {
  readonly port: number
  readonly connections: number
  readonly ms: number
  readonly skus: readonly string[]
}

async function load({ port, connections, ms, skus }: Ask): Promise<Load> {
  const requests = skus.map(
    (sku) => `GET /products/${sku} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: application/json\r\n\r\n`,
  )
  const opened = await Promise.all(Array.from({ length: connections }, () => connectRaw(port)))
  const free = [...opened]
  try {
    return await closedLoop(connections, ms, async (index) => {
      const connection = free.pop() as (typeof free)[number]
      const body = await connection.send(requests[index % requests.length] as string)
      free.push(connection)
      if (!body.includes(`"sku":"${skus[index % skus.length]}"`)) throw new Error(`a wrong answer: ${body}`)
    })
  } finally {
    for (const connection of opened) connection.close()
  }
}

answerParent({ load })
