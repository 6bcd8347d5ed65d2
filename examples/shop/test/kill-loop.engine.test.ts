// A short kill loop; the long one is `npm run shop:kill-loop`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { killLoop } from './kill-loop.ts'
import { freePorts, startCommand } from './shapes.ts'

// In CI the harder of the two.
const targets = [
  ['the only host', 'hosts', []],
  ['anything of a split system, the parent included', 'all', ['--split', 'all']],
] as const
const chosen = process.env['BANYAN_EVERY_ENGINE'] === undefined ? targets.slice(1) : targets

it.each(chosen)(
  'kill -9 of %s loses nothing and does nothing twice',
  { timeout: 400_000 },
  async (_, target, extra) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'banyan-kill-'))
    const result = await killLoop({
      startCommand: startCommand(...extra),
      rounds: 4,
      seed: 7,
      dataDir,
      ports: await freePorts(),
      target,
    })
    await rm(dataDir, { recursive: true, force: true })
    expect(result.violations).toEqual([])
    expect(result.acknowledged).toBeGreaterThan(0)
    expect(result.final).toBe(result.acknowledged)
  },
)
