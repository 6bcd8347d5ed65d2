/**
 * One request from its first byte to its one answer. The order of refusals is fixed: where (404, 405), whether at all
 * (503, 401), in which form (406, 415, 413), what is written (400), what it says (422). Whatever goes wrong in here ends
 * this exchange and no other.
 */
import { type Cancellable, CancelScope } from '../core/cancellation.ts'
import type { HttpRequest, HttpResponse } from '../core/environment/network.ts'
import { BanyanError, fromUnknown } from '../core/error.ts'
import { joinPositions, type Position, parsePosition } from '../projection/position.ts'
import { webhookCaller } from '../runtime/webhook.ts'
import { INVALID } from '../schema/index.ts'
import { formatTraceparent, type TraceParent } from '../telemetry/trace-context.ts'
import { baggageOf, requestIdOf, traceOf, tracestateOf } from './correlation.ts'
import type { Edge } from './edge.ts'
import { parseIdempotencyKey } from './idempotency-key.ts'
import type { InFlightCall } from './in-flight.ts'
import { parseJsonBody } from './json-body.ts'
import { checkAccept, checkContentType } from './media-type.ts'
import type { InvokeOptions } from './options.ts'
import { isOurFault, type ProblemIssue, toProblem } from './problem.ts'
import { parseQuery } from './query-string.ts'
import { receiveDelivery } from './receive-delivery.ts'
import { malformed, unknownPath, wrongMethod } from './refusal.ts'
import type { Route } from './route.ts'
import { positionHeader, toSuccess } from './success.ts'
import { parseTarget } from './target.ts'
import type { WebhookRoute } from './webhook/compile-webhook.ts'

type AnswerHeaders = Record<string, string>

const noPairs: readonly string[] = []
const allMethods = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT'

/** An exchange; also what the runtime is told about its call. */
export class Exchange implements InvokeOptions, InFlightCall {
  nextCall: InFlightCall | undefined
  previousCall: InFlightCall | undefined
  readonly requestId: string
  readonly trace: TraceParent
  caller = 'anonymous'
  idempotencyKey: string | undefined
  position: Position | undefined
  readonly #edge: Edge
  readonly #request: HttpRequest
  readonly #respond: (response: HttpResponse) => void
  #route: Route | undefined
  #webhook: WebhookRoute['webhook'] | undefined
  #issues: ProblemIssue[] = []
  #scope: CancelScope | undefined
  #stopped: BanyanError | undefined
  #entered = false
  #answered = false
  #noted: Position | undefined

  constructor(edge: Edge, request: HttpRequest, respond: (response: HttpResponse) => void) {
    const { random } = edge.environment
    this.#edge = edge
    this.#request = request
    this.#respond = respond
    this.requestId = requestIdOf(request.headers, random)
    this.trace = traceOf(request.headers, random, edge.sampleRatio)
  }

  get timeoutMs(): number {
    return (this.#route ?? this.#webhook)?.timeoutMs ?? this.#edge.limits.timeoutMs
  }
  get tracestate(): string | undefined {
    return tracestateOf(this.#request.headers, this.trace)
  }
  get baggage(): string | undefined {
    return baggageOf(this.#request.headers)
  }
  get validated(): boolean {
    return this.#route?.validated ?? false
  }
  get signal(): AbortSignal {
    return this.#cancelScope().signal
  }
  note(position: Position): void {
    this.#noted = joinPositions(this.#noted, position)
  }
  follow(follower: Cancellable): void {
    this.#cancelScope().follow(follower)
  }
  #cancelScope(): CancelScope {
    if (this.#scope === undefined) {
      this.#scope = new CancelScope()
      if (this.#stopped !== undefined) this.#scope.cancel(this.#stopped)
      this.#request.onAbort(() =>
        this.stop(new BanyanError('CANCELLED', 'the client went away', { outcome: 'unknown' })),
      )
    }
    return this.#scope
  }
  stop(reason: BanyanError): void {
    this.#stopped ??= reason
    this.#scope?.cancel(this.#stopped)
  }

  /** Runs it. Never throws; answers exactly once. */
  run(): void {
    try {
      this.#enter()
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #enter(): void {
    const { method, target } = this.#request
    const { limits, tree } = this.#edge
    if (target === '*' && method === 'OPTIONS') return void this.#answer(204, { allow: allMethods })
    const { segments, query } = parseTarget(target, limits.maxTargetBytes)
    const match = tree.find(method === 'HEAD' ? 'GET' : method, segments)
    if (match === undefined) return void this.#elsewhere(segments)
    if ('page' in match.value) {
      const { status, headers, body } = match.value.page.answer(this.#request)
      return void this.#answer(status, headers as AnswerHeaders, body as string)
    }
    if ('webhook' in match.value) return this.#receive(match.value.webhook)
    this.#call(match.value.route, match.parameters, query)
  }

  #receive(route: WebhookRoute): void {
    this.#webhook = route.webhook
    this.#edge.inFlight.enter(this)
    this.#entered = true
    this.caller = `${webhookCaller}${route.webhook.name}`
    receiveDelivery(this.#edge, route, this.#request, this).then(
      () => this.#answer(204, { 'cache-control': 'no-store' }),
      (thrown) => this.#fail(thrown),
    )
  }

  #elsewhere(segments: readonly string[]): void {
    const { headers, method } = this.#request
    const methods = this.#edge.tree.methodsAt(segments)
    if (methods.length === 0) throw unknownPath()
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort().join(', ')
    if (method !== 'OPTIONS') return void this.#fail(wrongMethod(method.slice(0, 20), allow), { allow })
    const answer: AnswerHeaders = { allow }
    this.#edge.cors?.preflight(headers, allow, answer)
    this.#answer(204, answer)
  }

  #call(route: Route, parameters: readonly string[], query: string): void {
    const { authenticate, inFlight, limits } = this.#edge
    const request = this.#request
    this.#route = route
    inFlight.enter(this)
    this.#entered = true
    if (authenticate !== undefined) this.caller = authenticate(request)
    checkAccept(request.headers)
    this.#checkDuplicates(route)
    const key = request.headers['idempotency-key']
    if (route.command && key !== undefined) this.idempotencyKey = parseIdempotencyKey(key)
    const seen = request.headers[positionHeader]
    if (seen !== undefined) this.position = parsePosition(seen, this.#edge.environment.clock.now())
    const pairs = query === '' ? noPairs : parseQuery(query, limits.maxQueryParameters)
    const hasContent = declaresContent(request)
    if (!route.inputs.takesBody) {
      if (hasContent) throw malformed('UNEXPECTED_BODY', `${request.method} takes no body`)
      return void this.#judge(route, route.inputs.fromQuery(parameters, pairs, request.headers, this.#issues))
    }
    if (!hasContent) return void this.#withBody(route, parameters, pairs, undefined)
    checkContentType(request.headers)
    request.body(limits.maxBodyBytes, limits.bodyTimeoutMs).then(
      (bytes) => {
        try {
          this.#withBody(route, parameters, pairs, bytes)
        } catch (thrown) {
          this.#fail(thrown)
        }
      },
      (thrown) => this.#fail(thrown),
    )
  }

  #checkDuplicates({ singular }: Route): void {
    const twice = this.#request.duplicates.find((name) => singular.has(name))
    if (twice !== undefined) throw malformed('REPEATED_HEADER', `the header '${twice}' may come only once`)
  }

  #withBody(route: Route, parameters: readonly string[], pairs: readonly string[], bytes?: Uint8Array): void {
    const { inputs } = route
    const absent = bytes === undefined || bytes.length === 0
    if (absent && inputs.needsBody) throw malformed('BODY_REQUIRED', 'a JSON body is needed')
    const body = absent ? {} : parseJsonBody(bytes, this.#edge.limits.maxDepth)
    this.#judge(route, inputs.fromBody(parameters, pairs, this.#request.headers, body, this.#issues))
  }

  #judge(route: Route, found: unknown): void {
    const input = route.input.copy(found)
    if (input === INVALID || this.#issues.length > 0) {
      const issues = input === INVALID ? route.input.explain(found, this.#edge.limits.maxIssues) : []
      throw new BanyanError('INVALID_ARGUMENT', 'the request is not valid', {
        reason: 'INVALID_INPUT',
        outcome: 'none',
        issues,
      })
    }
    this.#edge.invoke(route.operation, input, this).then(
      (output) => this.#succeed(route, output),
      (thrown) => this.#fail(thrown),
    )
  }

  #succeed(route: Route, output: unknown): void {
    try {
      const { status, headers, body } = toSuccess(route, output, this.#noted, this.#request.headers['if-none-match'])
      this.#answer(status, headers, body)
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #fail(thrown: unknown, extra?: AnswerHeaders): void {
    const error = fromUnknown(thrown)
    const route = this.#route
    if (isOurFault(error))
      this.#edge.log.error('a request failed', {
        requestId: this.requestId,
        traceparent: formatTraceparent(this.trace),
        operation: route?.operation.wire ?? this.#webhook?.to.wire,
        error,
      })
    const { status, headers, body } = toProblem(error, this.requestId, route, this.#issues, this.#edge.limits.maxIssues)
    this.#answer(status, { ...(headers as AnswerHeaders), ...extra }, body as string)
  }

  #answer(status: number, headers: AnswerHeaders, body?: string): void {
    if (this.#answered) return
    this.#answered = true
    const { cors, inFlight } = this.#edge
    if (this.#entered) inFlight.leave(this)
    headers['x-content-type-options'] = 'nosniff'
    headers['x-request-id'] = this.requestId
    headers['traceparent'] = formatTraceparent(this.trace)
    if (inFlight.draining) headers['connection'] = 'close'
    cors?.decorate(this.#request.headers, headers)
    this.#respond(body === undefined ? { status, headers } : { status, headers, body })
  }
}

function declaresContent({ headers }: HttpRequest): boolean {
  const length = headers['content-length']
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined
}
