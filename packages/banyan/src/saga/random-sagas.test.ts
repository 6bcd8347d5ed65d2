/**
 * Random sagas, each from a seed: nested all, race, steps, transactions and waits, with failures, delays, and hosts that die. Whatever
 * happens, a replay sees what was seen before, the end is a legal one, and each effect was done once or not at all.
 *
 * `SAGA_SEEDS=20000` runs more of them, `SAGA_SEED=17` one.
 */
import { expect, it } from 'vitest'
import type { Random } from '../core/environment/random.ts'
import { BanyanError } from '../core/error.ts'
import { cancel, lookAt, sagaOf } from './fixtures/sagas.ts'
import { settlingKinds } from './journal.ts'
import { KillPoints } from './kill-points.ts'
import { type Piece, type Pieces, playPiece, toPieces } from './random-sagas.ts'
import { createSagaRig, type SagaRig } from './rig.ts'
import { Participant } from './rig-participant.ts'
import type { Saga } from './saga.ts'
import { toNewSaga } from './start.ts'

const seeds = Number(process.env['SAGA_SEEDS'] ?? 250)
const only = process.env['SAGA_SEED']

/** A saga of pieces at one host; `logs` has what each run of the function saw. */
function toSaga(rig: SagaRig, piece: Piece, points: KillPoints, participant: Participant, logs: string[][]) {
  const failed = new Set<string>()
  return sagaOf(
    async (saga) => {
      const log: string[] = []
      logs.push(log)
      const pieces: Pieces = {
        step: (of, { name, fails, ms }) =>
          of.step(
            name,
            async (ctx) => {
              await new Promise<void>((done) => void rig.environment.timers.after(ms, done))
              if (fails === 'always') throw new BanyanError('FAILED_PRECONDITION', 'no', { reason: 'NO' })
              if (fails === 'once' && !failed.has(name)) {
                failed.add(name)
                throw new BanyanError('UNAVAILABLE', 'away', { retryable: true })
              }
              return points.effect(`do ${name}`, () => participant.do(name, ctx.idempotencyKey))
            },
            (ctx) =>
              points.effect(`undo ${name}`, () =>
                participant.undo(name, ctx.idempotencyKey, ctx.forwardIdempotencyKey),
              ),
          ),
        tx: (of, { name }) =>
          of.tx(
            name,
            () => name,
            () => undefined,
          ),
        wait: (of, ms) => of.receive({ name: 'x', $banyan: 'signal' } as never, { timeoutMs: ms }),
        see: (what) => {
          const line = `${what} at ${saga.now()} ${saga.random()}`
          if (!points.isDead) log.push(line)
        },
      }
      return playPiece(saga as Saga, piece, pieces)
    },
    { signals: [{ name: 'x', $banyan: 'signal' }] as never },
  )
}

/** Plays one seed; gives what is wrong. */
async function play(seed: number): Promise<readonly string[]> {
  const rig = createSagaRig(seed)
  const { random } = rig.environment
  const piece: Piece = { is: 'row', of: [toPieces(random, { left: 14 }, 'p'), toPieces(random, { left: 8 }, 'q')] }
  const participant = new Participant()
  const logs: string[][] = []
  const kill = {
    at: 2 + Math.floor(random.next() * 40),
    mode: pick(random, ['before', 'after', 'late'] as const),
    lateMs: 5_000,
  }
  const next = (): void => {
    // What it has seen beyond its journal nobody else will see.
    const seen = logs.length
    void rig.store.sagas.entries(start.id, 0, 1_000).then((entries) => {
      const durable = entries.filter(isSeen).length
      for (const log of logs.slice(0, seen)) log.splice(durable)
    })
    const points = new KillPoints(rig.environment.timers)
    const isSame = random.next() < 0.5
    rig.host(isSame ? 'one' : 'two', [toSaga(rig, piece, points, participant, logs)], {
      incarnation: 2,
      maxCached: random.next() < 0.5 ? 0 : 100,
      wrap: (host) => points.wrap(host),
    })
  }
  const points = new KillPoints(rig.environment.timers, kill, next)
  const saga = toSaga(rig, piece, points, participant, logs)
  const start = toNewSaga(saga as never, { orderId: 'o-1' }, { id: random.uuidv7(), startedBy: 'test' })
  const one = rig.host('one', [saga], { maxCached: random.next() < 0.3 ? 0 : 100, wrap: (host) => points.wrap(host) })
  await rig.environment.advance(10)
  void one.begin(start).catch(() => undefined)
  await rig.environment.advance(5)
  if ((await rig.store.sagas.find(start.id)) === undefined) await rig.store.sagas.start([start])
  if (random.next() < 0.2) {
    await rig.environment.advance(random.next() * 2_000)
    await cancel(rig, start.id)
  }
  for (let turn = 0; turn < 120 && !isOver((await rig.find(start.id)).state); turn++)
    await rig.environment.advance(1_000)
  await rig.environment.advance(10_000)
  return judge(rig, start.id, participant, logs)
}

const isSeen = ({ kind, name }: { readonly kind: string; readonly name: string }): boolean =>
  settling.has(kind) && !name.startsWith('undo of')
const settling: ReadonlySet<string> = new Set(settlingKinds)

const pick = <Value>(random: Random, of: readonly Value[]): Value => of[Math.floor(random.next() * of.length)] as Value
const isOver = (state: string): boolean => state === 'completed' || state === 'undone' || state === 'parked'

async function judge(
  rig: SagaRig,
  id: string,
  participant: Participant,
  logs: readonly string[][],
): Promise<readonly string[]> {
  const faults: string[] = []
  const { state, parked, entries } = await lookAt(rig, await rig.find(id))
  if (state !== 'completed' && state !== 'undone') faults.push(`${state} ${parked?.message ?? ''}`)
  const net = Object.entries(participant.net)
  for (const [name, count] of net) if (count !== 0 && count !== 1) faults.push(`${name}: ${count} times`)
  if (state === 'undone') for (const [name, count] of net) if (count !== 0) faults.push(`${name} is left`)
  const undone = new Set(entries.filter(({ kind }) => kind === 'undo').map(({ seq }) => seq))
  for (const { kind, seq, name, body } of entries) {
    if (kind !== 'step' || name.startsWith('undo') || undone.has(seq)) continue
    const { error, outcome } = JSON.parse(body) as { error?: unknown; outcome?: string }
    if (error === undefined && participant.net[name] !== 1 && state === 'completed') faults.push(`${name} is not done`)
    if (outcome === 'unknown' && state === 'undone') faults.push(`${name} is unknown and was not undone`)
  }
  const longest = logs.reduce((one, other) => (other.length > one.length ? other : one), [])
  for (const log of logs)
    if (log.some((line, place) => line !== longest[place])) faults.push(`replay: ${log} | ${longest}`)
  return faults
}

/** Seeds that have found something: undos of losing branches under two keys. */
const found = [342, 793]

it('random sagas come to a legal end, whatever happens, and a replay sees what was seen', async () => {
  const wrong: string[] = []
  const from = only === undefined ? 1 : Number(only)
  if (only === undefined)
    for (const seed of found) for (const fault of await play(seed)) wrong.push(`seed ${seed}: ${fault}`)
  for (let seed = from; seed < (only === undefined ? seeds + 1 : from + 1); seed++)
    for (const fault of await play(seed)) wrong.push(`seed ${seed}: ${fault}`)
  expect(wrong).toEqual([])
}, 600_000)
