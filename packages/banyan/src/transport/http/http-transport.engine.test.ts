// The same suite over real sockets.
import { realEnvironment } from '../../core/environment/real/index.ts'
import { transportSuite } from '../../testing/suites/index.ts'
import { createHttpTransport } from './http-transport.ts'

transportSuite('HTTP over sockets', () => ({
  transport: createHttpTransport({ network: realEnvironment().network }),
  host: '127.0.0.1',
  run: (work) => work,
}))
