/** What is called must be declared, what is declared should be called, and no two services may wait for each other. */
import { isWithin, nameOf, type ServiceModel, type SystemModel, sameContract } from './model.ts'
import { createNames, memberName, type Names, type OperationRef } from './names.ts'
import { createOwnership } from './ownership.ts'
import type { Problem } from './problem.ts'
import { type Node, type Source, walk } from './source.ts'

interface Found extends OperationRef {
  readonly source: Source
}

interface Usage {
  /** Operations given to `ctx.call` or `ctx.attempt`. */
  readonly called: readonly Found[]
  /** Operations named anywhere but in `calls`. */
  readonly named: readonly Found[]
}

const textOf = ({ contract, operation }: OperationRef): string =>
  operation === undefined ? contract.exported : `${contract.exported}.${operation}`

/** What the code of a service calls and names. Memory of one run of the rules. */
function usageOf(service: ServiceModel, model: SystemModel): Usage {
  const called: Found[] = []
  const named: Found[] = []
  const others = model.services.filter((other) => other !== service)
  for (const file of createOwnership(model).filesOf(service)) {
    const source = model.sources.get(file)
    if (source === undefined) continue
    const names = createNames(source, model)
    const beside = others.filter((other) => other.file === file)
    walk(source.program, (node) => {
      if (beside.some(({ span }) => isWithin(node.start, span))) return
      const argument = calledOperation(node)
      const ref = argument === undefined ? undefined : names.refOf(argument)
      if (ref?.operation !== undefined) called.push({ ...ref, source })
      if (file === service.file && isWithin(node.start, service.callsSpan)) return
      if (isNamed(node, names)) named.push({ ...(names.refOf(node) as OperationRef), source })
    })
  }
  return { called, named }
}

/** The first argument of something that looks like `ctx.call(…)` or `ctx.attempt(…)`. */
function calledOperation(node: Node): Node | undefined {
  if (node.type !== 'CallExpression') return undefined
  const name = memberName(node.callee as Node)
  return name === 'call' || name === 'attempt' ? (node.arguments[0] as Node | undefined) : undefined
}

function isNamed(node: Node, names: Names): boolean {
  if (node.type !== 'MemberExpression' && node.type !== 'Identifier') return false
  const ref = names.refOf(node)
  return ref?.operation !== undefined && ref.operation !== 'events'
}

const covers = (declared: OperationRef, ref: OperationRef): boolean =>
  sameContract(declared.contract, ref.contract) &&
  (declared.operation === undefined || declared.operation === ref.operation)

/** Calls that `calls` does not have. Code that several services share may call what any of them declares. */
export function undeclaredCalls(model: SystemModel): readonly Problem[] {
  const ownership = createOwnership(model)
  const sharers = (file: string): readonly ServiceModel[] =>
    model.services.filter((service) => ownership.filesOf(service).includes(file))
  const problems = new Map<string, Problem>()
  for (const service of model.services) {
    for (const ref of usageOf(service, model).called) {
      const { path } = ref.source
      const within = path === service.file && isWithin(ref.offset, service.span)
      const responsible = within || ownership.ownerOf(path) === service ? [service] : sharers(path)
      // What cannot be read is said by another rule, and refused at run time.
      const fine = responsible.some((one) => one.unreadable !== undefined || one.calls.some((has) => covers(has, ref)))
      if (!fine) problems.set(`${path}:${ref.offset}`, undeclared(service, ref))
    }
  }
  return [...problems.values()]
}

function undeclared(service: ServiceModel, ref: Found): Problem {
  return {
    rule: 'undeclared-call',
    severity: 'error',
    file: ref.source.path,
    ...ref.source.place(ref.offset),
    message: `'${service.name}' calls ${textOf(ref)}, which is not declared`,
    hint: `Add ${textOf(ref)} to 'calls' of its defineService in ${service.file}.`,
  }
}

/** Declarations that nothing uses: a wider door than is needed, and an arrow in the picture of the system that is not true. */
export function unusedCalls(model: SystemModel): readonly Problem[] {
  return model.services.flatMap((service) => {
    const { named } = usageOf(service, model)
    const unused = service.calls.filter((declared) => !named.some((ref) => covers(declared, ref)))
    return unused.map(
      (declared): Problem => ({
        rule: 'unused-call',
        severity: 'warning',
        file: service.file,
        ...placeIn(model, service.file, declared.offset),
        message: `'${service.name}' declares ${textOf(declared)} and never calls it`,
        hint: "Take it out of 'calls'.",
      }),
    )
  })
}

/** Lists that can only be known by running the program. */
export function unreadableCalls(model: SystemModel): readonly Problem[] {
  return model.services.flatMap((service): Problem[] =>
    service.unreadable === undefined
      ? []
      : [
          {
            rule: 'unreadable-calls',
            severity: 'warning',
            file: service.file,
            ...placeIn(model, service.file, service.unreadable),
            message: `'calls' of '${service.name}' cannot be read without running the program`,
            hint: 'Write the contracts and operations out: calls: [Inventory, Payments.authorize].',
          },
        ],
  )
}

/** Services that wait for each other: under load they hold each other's capacity, and no order of starting them is right. */
export function callCycles(model: SystemModel): readonly Problem[] {
  const problems: Problem[] = []
  const told = new Set<string>()
  for (const start of model.services) {
    const path = wayBack(start, model)
    if (path === undefined) continue
    const key = path
      .map(({ name }) => name)
      .toSorted()
      .join()
    if (told.has(key)) continue
    told.add(key)
    const next = path[1] ?? start
    const arrow = start.calls.find(({ contract }) => sameContract(contract, next.contract))
    problems.push({
      rule: 'call-cycle',
      severity: 'error',
      file: start.file,
      ...placeIn(model, start.file, arrow?.offset ?? 0),
      message: `synchronous calls in a circle: ${[...path, start].map((one) => nameOf(one.contract, model)).join(' → ')}`,
      hint: 'Turn one of the calls round: publish an event, and let the other side subscribe to it.',
    })
  }
  return problems
}

/** The shortest way from a service over declared calls back to itself, without its end. */
function wayBack(start: ServiceModel, model: SystemModel): readonly ServiceModel[] | undefined {
  const ways: ServiceModel[][] = [[start]]
  const seen = new Set<ServiceModel>()
  for (const way of ways) {
    for (const { contract } of way.at(-1)?.calls ?? []) {
      const next = model.services.find((service) => sameContract(service.contract, contract))
      if (next === start) return way
      if (next === undefined || seen.has(next)) continue
      seen.add(next)
      ways.push([...way, next])
    }
  }
  return undefined
}

function placeIn(model: SystemModel, file: string, offset: number): { readonly line: number; readonly column: number } {
  return model.sources.get(file)?.place(offset) ?? { line: 1, column: 1 }
}
