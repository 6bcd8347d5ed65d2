/**
 * The model of the saga executor: what docs/decisions/0020-saga-model.md is about. A size says how many hosts and which program,
 * the rules what the executor keeps to; leave one out and a property must fail.
 */
import type { Model } from '../model.ts'
import { describeState } from './describe-state.ts'
import { forwardActions } from './forward-actions.ts'
import { holdingActions, lifeActions, writeActions } from './host-actions.ts'
import { lateCallActions } from './participant.ts'
import { toProgram } from './program.ts'
import { sagaEventually, sagaInvariants, sagaReachable, sagaSteps } from './properties.ts'
import { allRules, type Rules } from './rules.ts'
import { createKey } from './saga-key.ts'
import type { SagaAction, Setting } from './setting.ts'
import { initialStates, type Size, type State } from './state.ts'
import { isActive } from './store.ts'
import { undoActions } from './undo-actions.ts'
import { mailActions, orphanActions, peopleActions, timeActions } from './world-actions.ts'

/** With `fairness`, what must come about is checked too; hosts are told apart then, which takes more states. */
export function createSagaModel(size: Size, broken: Partial<Rules> = {}, fairness = false): Model<State> {
  const program = toProgram(size.program)
  const setting: Setting = { size, program, rules: { ...allRules, ...broken } }
  return {
    name: `saga executor: ${size.hosts} hosts, ${size.program}, ${size.faults} faults`,
    initial: initialStates(size, program),
    actions: actionsOf(setting),
    invariants: sagaInvariants(setting),
    steps: sagaSteps(setting),
    mayEnd: ({ row, hosts }) => !isActive(row) || hosts.every(({ life }) => life !== 'up'),
    reachable: [sagaReachable],
    key: createKey(setting.rules, !fairness),
    symmetric: !fairness,
    eventually: fairness ? [sagaEventually] : [],
    describe: describeState,
  }
}

function actionsOf(setting: Setting): SagaAction[] {
  const hosts = Array.from({ length: setting.size.hosts }, (_, index) => index)
  const { steps } = setting.program
  return [
    ...hosts.flatMap((index) => [
      ...holdingActions(index, setting),
      ...writeActions(index, setting),
      ...steps.flatMap((seq) => forwardActions(index, seq, setting)),
      ...undoActions(index, setting),
      ...lifeActions(index, setting),
    ]),
    ...steps.flatMap((seq) => lateCallActions(seq, setting)),
    ...mailActions(setting),
    ...timeActions(setting),
    ...peopleActions(setting),
    ...orphanActions(setting),
  ]
}
