/**
 * The saga function of the model: groups of operations, one group after another, those of a group at once (`Promise.all`). What a
 * function would do next follows from its journal alone, as in a replay; so it is read off the journal here.
 *
 * An entry is two characters, the operation's number (0 for the run itself) and what came of it:
 * `+` done, `-` failed without effect, `?` failed and the effect is unknown, `m` a message came, `t` the time came, `P` the point
 * of no return, `U` undoing, `X` undone, `F` its undo failed, `M` mended by a person.
 */

/** An operation. Steps have a participant each, in another service. */
export type Op =
  | { readonly is: 'step'; readonly refusable: boolean }
  | { readonly is: 'point' }
  | { readonly is: 'wait'; readonly event: boolean }

/** Operations by group, numbered from 1 throughout. */
export interface Program {
  readonly groups: readonly (readonly number[])[]
  readonly ops: ReadonlyMap<number, Op>
  readonly steps: readonly number[]
  /** What was read off a journal before: the same few are asked for again and again. */
  readonly readings: Map<string, Reading>
}

/** What follows from a journal. */
export interface Reading {
  /** The letter that stands for an operation's outcome. */
  readonly outcomes: ReadonlyMap<number, string>
  readonly isUndoing: boolean
  readonly passedPoint: boolean
  /** A step failed, and the function has thrown. */
  readonly hasFailed: boolean
  /** Each operation has one outcome at most, each undo one that it is done, and the run began to be undone once. */
  readonly isSingle: boolean
  /** All operations have come to their ends. */
  readonly isThrough: boolean
  /** Steps that the function has reached and that have no outcome. */
  readonly frontier: readonly number[]
  /** The wait or the point at which it stands. */
  readonly passive: number | undefined
  /**
   * Steps whose undo is still to be done, in order of start: those that are done or unknown, and those that may have begun
   * without an outcome (they are in the last group that was reached before the undoing began).
   */
  readonly toUndo: readonly number[]
}

const words: Readonly<Record<string, Op>> = {
  step: { is: 'step', refusable: false },
  'step?': { is: 'step', refusable: true },
  point: { is: 'point' },
  sleep: { is: 'wait', event: false },
  wait: { is: 'wait', event: true },
}

/** `step, step? & step, point`: groups by comma, what is at once by `&`; a `step?` can be refused by its participant. */
export function toProgram(text: string): Program {
  const ops = new Map<number, Op>()
  const groups = text.split(',').map((group) =>
    group.split('&').map((word) => {
      const op = words[word.trim()]
      if (op === undefined) throw new TypeError(`"${word.trim()}" is no operation`)
      ops.set(ops.size + 1, op)
      return ops.size
    }),
  )
  return { groups, ops, steps: [...ops].flatMap(([seq, op]) => (op.is === 'step' ? [seq] : [])), readings: new Map() }
}

/** What a journal says. */
export function readJournal(program: Program, journal: string): Reading {
  const known = program.readings.get(journal)
  if (known !== undefined) return known
  const reading = toReading(program, journal)
  program.readings.set(journal, reading)
  return reading
}

function toReading(program: Program, journal: string): Reading {
  const outcomes = outcomesOf(journal)
  const isUndoing = journal.includes('0U')
  const group = currentGroup(program, outcomes)
  const open = group?.filter((seq) => !outcomes.has(seq)) ?? []
  const isStep = (seq: number): boolean => program.ops.get(seq)?.is === 'step'
  return {
    outcomes,
    isUndoing,
    passedPoint: journal.includes('P'),
    hasFailed: journal.includes('-') || journal.includes('?'),
    isSingle: isSingle(journal),
    isThrough: group === undefined,
    frontier: open.filter(isStep),
    passive: open.find((seq) => !isStep(seq)),
    toUndo: isUndoing ? toUndo(program, journal, outcomes) : [],
  }
}

function outcomesOf(journal: string): Map<number, string> {
  const entries = journal.match(/../g) ?? []
  return new Map(
    entries.flatMap((entry) => (/[-+?mtP]$/.test(entry) ? [[Number(entry[0]), entry[1] as string] as const] : [])),
  )
}

// Failed undos and what people did may come again; nothing else may.
function isSingle(journal: string): boolean {
  const entries = journal.match(/../g) ?? []
  const about = entries.filter((entry) => !/[FM]$/.test(entry)).map((entry) => entry.replace(/[-+?mtP]$/, ''))
  return new Set(about).size === about.length
}

function isDone(outcome: string | undefined): boolean {
  return outcome !== undefined && outcome !== '-' && outcome !== '?'
}

function currentGroup(program: Program, outcomes: ReadonlyMap<number, string>): readonly number[] | undefined {
  return program.groups.find((group) => group.some((seq) => !isDone(outcomes.get(seq))))
}

function toUndo(program: Program, journal: string, outcomes: ReadonlyMap<number, string>): number[] {
  const before = outcomesOf(journal.slice(0, journal.indexOf('0U')))
  const last = currentGroup(program, before)
  const reached = program.groups.slice(0, last === undefined ? undefined : program.groups.indexOf(last) + 1).flat()
  const undone = new Set((journal.match(/../g) ?? []).flatMap((entry) => (entry[1] === 'X' ? [Number(entry[0])] : [])))
  return reached.filter((seq) => program.steps.includes(seq) && outcomes.get(seq) !== '-' && !undone.has(seq))
}
