/** The environment of production: the machine itself. */
import { randomFillSync } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Environment } from '../environment.ts'
import { createUuidv7, type Random } from '../random.ts'
import { realFiles } from './files.ts'
import { connect } from './http-client.ts'
import { listen } from './http-server.ts'
import { wheel } from './wheel.ts'

const poolBytes = 4_096

/** Strong random bytes, drawn from the operating system a page at a time. */
function createBytes(): (length: number) => Uint8Array {
  let pool = new Uint8Array(0)
  let used = 0
  return (length) => {
    if (length > poolBytes) return randomFillSync(new Uint8Array(length))
    if (used + length > pool.length) {
      pool = randomFillSync(new Uint8Array(poolBytes))
      used = 0
    }
    used += length
    return pool.subarray(used - length, used)
  }
}

function createRandom(): Random {
  const bytes = createBytes()
  return { next: Math.random, bytes, uuidv7: createUuidv7(Date.now, bytes) }
}

let shared: Environment | undefined

/** The one real environment of this process: one wheel serves everything in it. */
export function realEnvironment(): Environment {
  shared ??= {
    clock: { now: Date.now, monotonic: () => performance.now() },
    timers: wheel,
    random: createRandom(),
    network: { listen, connect },
    files: realFiles,
  }
  return shared
}
