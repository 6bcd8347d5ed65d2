/** One trial: a saga, one fault on its way, and how it ended. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cell, roles } from './cell.ts'
import type { HostProcess } from './host-process.ts'
import type { Mode } from './options.ts'
import type { Blow, Fault } from './points.ts'
import type { Standing } from './scene.ts'
import type { RestartKind } from './server.ts'
import { until } from './wait.ts'
import type { Role } from './words.ts'

/** What is to happen, and where. */
export interface Trial {
  readonly number: number
  readonly scenario: string
  readonly role: Role
  readonly point: string
  readonly when: 'before' | 'after'
  readonly mode: Mode
  readonly hosts: 1 | 2
  /** By how much the calendar jumps, in milliseconds. */
  readonly skewMs?: number
  readonly restart?: RestartKind
}

/** How it went. */
export type Verdict = 'fine' | 'missed' | 'illegal' | 'stuck' | 'unbalanced'

export interface TrialResult {
  readonly trial: Trial
  readonly key: string
  readonly verdict: Verdict
  /** Whether the fault happened. */
  readonly hit: boolean
  readonly end: string | undefined
  readonly tookMs: number
  /** What is wrong, for people. */
  readonly words: readonly string[]
}

/** Rows of others (the end of a child, a confirmation) may come after the end. */
const settleMs = 5_000
/** How long a zombie is looked at after it has woken. */
const zombieMs = 1_000
/** After so long a zombie wakes though nobody has taken over: there was nothing to take. */
const sleepMs = 16_000

const blows: Readonly<Record<Mode, Blow>> = { kill: 'kill', stop: 'stop', restart: 'pause', skew: 'skew' }

export async function runTrial(cell: Cell, trial: Trial, key: string): Promise<TrialResult> {
  const beganMs = performance.now()
  const struck = new Struck(cell, trial, key)
  await struck.arm()
  const over = new AbortController()
  const driven = cell.play.drive(key, trial.scenario, over.signal)
  let standing: Standing | undefined
  const hasEnded = await until(async () => {
    standing = await cell.play.stand(key)
    return standing.end !== undefined
  }, cell.scene.endMs)
  over.abort()
  await driven
  await struck.rest()
  const found = hasEnded
    ? await judge(cell, trial, key, standing?.end ?? '')
    : ({ verdict: 'stuck', words: [] } as const)
  const zombies = await struck.finish()
  // What a zombie has done since.
  const again = hasEnded && zombies ? await judge(cell, trial, key, standing?.end ?? '') : found
  const worst = found.verdict === 'fine' ? again : found
  const words = worst.verdict === 'fine' ? [] : [...worst.words, await describe(cell, key)]
  const verdict = worst.verdict === 'fine' && !struck.hit ? 'missed' : worst.verdict
  return { trial, key, verdict, hit: struck.hit, end: standing?.end, tookMs: performance.now() - beganMs, words }
}

const describe = (cell: Cell, key: string): Promise<string> =>
  cell.play.describe(key).catch((error: Error) => `nothing is known of it: ${error.message}`)

async function judge(
  cell: Cell,
  { scenario }: Trial,
  key: string,
  end: string,
): Promise<Pick<TrialResult, 'verdict' | 'words'>> {
  if (!cell.play.isLegal(scenario, end)) return { verdict: 'illegal', words: [`it ended as '${end}'`] }
  let words: readonly string[] = ['the books could not be read']
  const balances = await until(async () => {
    words = await cell.play.findImbalance(key, end)
    return words.length === 0
  }, settleMs)
  return balances ? { verdict: 'fine', words: [] } : { verdict: 'unbalanced', words }
}

/** What happens to the cell in one trial. */
class Struck {
  readonly #cell: Cell
  readonly #trial: Trial
  readonly #key: string
  readonly #repairs: Promise<void>[] = []
  readonly #zombies: HostProcess[] = []
  #isOver = false
  hit = false

  constructor(cell: Cell, trial: Trial, key: string) {
    this.#cell = cell
    this.#trial = trial
    this.#key = key
  }

  async arm(): Promise<void> {
    const { role, point, when, mode, skewMs = 0 } = this.#trial
    await this.#cell.heal()
    const fault: Fault = { point, when, blow: blows[mode], skewMs }
    for (const one of roles)
      for (const process of this.#cell.of(one)) {
        if (one === role) await process.arm(fault, () => this.#repairs.push(this.#repair(process)))
        else await process.disarm()
      }
  }

  async #repair(process: HostProcess): Promise<void> {
    const others = this.#cell.of(this.#trial.role).filter((one) => one !== process && one.isWell)
    // It happens once.
    const isFirst = !this.hit
    this.hit = true
    if (isFirst) for (const other of others) void other.disarm().catch(() => undefined)
    const { mode, restart = 'immediate' } = this.#trial
    if (mode === 'restart') {
      const { up } = await this.#cell.server.restart(restart)
      process.goOn()
      await up
    }
    if (mode === 'kill') {
      await process.gone()
      await this.#leave(process)
    }
    if (mode === 'stop') await this.#bury(process)
  }

  /** With one host another process begins in its place; of two, the other goes on. */
  async #leave(process: HostProcess): Promise<void> {
    this.#cell.tellAll()
    const isAlone = !this.#cell.of(this.#trial.role).some((one) => one !== process && one.isWell)
    if (isAlone) await this.#cell.replace(process.name)
  }

  /** It is taken for dead, others go on, and then it wakes. */
  async #bury(process: HostProcess): Promise<void> {
    const before = await this.#epoch()
    process.noteStopped()
    this.#zombies.push(process)
    await this.#leave(process)
    await until(async () => this.#isOver || (await this.#epoch()) > before || this.#hasEnded(), sleepMs)
    process.resume()
    process.noteStopped()
  }
  async #epoch(): Promise<number> {
    return (await this.#cell.play.stand(this.#key).catch(() => undefined))?.epoch ?? 0
  }
  async #hasEnded(): Promise<boolean> {
    return (await this.#cell.play.stand(this.#key)).end !== undefined
  }

  /** Nothing happens from here on, and what was broken is mended. */
  async rest(): Promise<void> {
    this.#isOver = true
    const hosts = roles.flatMap((role) => this.#cell.of(role)).filter(({ isWell }) => isWell)
    await Promise.all(hosts.map((host) => host.disarm().catch(() => undefined)))
    await Promise.all(this.#repairs)
  }

  /** Ends zombies, after a while in which they may do what they can; says whether there were any. */
  async finish(): Promise<boolean> {
    if (this.#zombies.length === 0) return false
    await sleep(zombieMs)
    await Promise.all(this.#zombies.map((zombie) => zombie.kill()))
    return true
  }
}
