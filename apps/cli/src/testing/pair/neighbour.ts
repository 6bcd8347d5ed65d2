/** A program beside the hosts: answers on the port it is told, ends with the pipe of its standard input. */
import { createServer } from 'node:http'

const server = createServer((_, response) => {
  response.end(JSON.stringify({ word: process.env['NEIGHBOUR_WORD'], databases: 'DATABASE_URL' in process.env }))
})
server.listen(Number(process.env['NEIGHBOUR_PORT']), '127.0.0.1')
process.stdin.on('close', () => process.exit(0)).resume()
process.on('SIGTERM', () => process.exit(0))
console.log('neighbour is here')
