/** Ours: a host with one service, whose handler starts sagas and waits for them. Argument: the URL of the database. */
import { startBenchHost } from './bench-host.ts'
import { serveSagas } from './saga-load.ts'

const [url = ''] = process.argv.slice(2)
const { load, stop } = await startBenchHost(url)

serveSagas(load, () => stop(500))
