// A program that supervises one server until its input ends, so that tests can kill a whole supervisor:
// child-supervisor.ts <dataDir> <cacheDir>. It writes one line of JSON: the server it started, or the error.
import { EmbeddedPostgresError, startEmbeddedPostgres } from '../index.ts'

const [dataDir = '', cacheDir = ''] = process.argv.slice(2)
try {
  const server = await startEmbeddedPostgres({ dataDir, cacheDir: cacheDir === '' ? undefined : cacheDir })
  process.stdout.write(`${JSON.stringify({ url: server.url, pid: server.pid })}\n`)
  process.stdin.resume()
  process.stdin.on('end', () => void server.stop())
} catch (error) {
  if (!(error instanceof EmbeddedPostgresError)) throw error
  const { code, message, hint } = error
  process.stdout.write(`${JSON.stringify({ error: { code, message, hint } })}\n`)
}
