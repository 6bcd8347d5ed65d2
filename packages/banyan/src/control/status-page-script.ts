/** What the status page does: asks for the document every second and shows it. Sagas have a screen of their own. Plain JavaScript for browsers, as text. */
export const script: string = `
'use strict'
const byId = (id) => document.getElementById(id)
const make = (tag, className, text) => {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text !== undefined) element.textContent = text
  return element
}
const tone = (state) => ['ready', 'leading', 'assigned', 'running'].includes(state) ? 'good'
  : ['failed', 'waiting', 'failing', 'unready', 'stopped'].includes(state) ? 'bad' : 'busy'
const count = (value) => ({ text: String(value ?? 0), className: 'number' })
const trouble = (value) => ({ text: String(value ?? 0), className: 'number' + (value > 0 ? ' bad' : '') })
const state = (value) => ({ text: value, className: tone(value) })
const wide = (value) => ({ text: value || '', className: 'wide' })
const megabytes = (bytes) => ({ text: bytes ? Math.round(bytes / 1048576) + ' MB' : '', className: 'number' })
function toCell(cell) {
  if (typeof cell !== 'object') return make('td', '', String(cell ?? ''))
  const made = make('td', cell.className, cell.href ? undefined : cell.text)
  if (cell.title) made.title = cell.title
  if (cell.level) made.style.paddingLeft = cell.level * 1.5 + 'rem'
  if (cell.href) {
    const link = make('a', '', cell.text)
    link.href = cell.href
    made.append(link)
  }
  return made
}
let tables = 0
function table(title, heads, rows, empty, note) {
  const section = make('section')
  const heading = make('h2', '', title)
  section.append(heading)
  if (rows.length === 0) {
    section.append(make('p', 'none', empty))
    return section
  }
  const whole = make('table')
  heading.id = 'table-' + ++tables
  whole.setAttribute('aria-labelledby', heading.id)
  const head = whole.createTHead().insertRow()
  heads.forEach((text, index) => {
    const cell = make('th', String(rows[0][index]?.className ?? '').includes('number') ? 'number' : '', text)
    cell.scope = 'col'
    head.append(cell)
  })
  const body = whole.createTBody()
  for (const cells of rows) {
    const row = body.insertRow()
    for (const cell of cells) row.append(toCell(cell))
  }
  section.append(whole)
  if (note) section.append(make('p', 'none', note))
  return section
}
function operations(services) {
  return services.flatMap((service) => Object.entries(service.operations).map(([name, counters]) => [
    service.name + '.' + name, count(counters.inFlight), count(counters.succeeded), count(counters.refused), trouble(counters.failed)]))
}
let isRunning = false
function show(status) {
  if (!isRunning && status.state === 'running') {
    isRunning = true
    showSagas()
  }
  document.title = (status.system ?? 'Banyan') + ' · Banyan'
  byId('title').textContent = status.system ?? 'Banyan'
  const down = status.processes.filter((one) => one.state !== 'ready')
  const summary = byId('summary')
  summary.className = down.length === 0 && status.state === 'running' ? 'good' : 'bad'
  const link = make('a', '', status.gateway.url)
  link.href = status.gateway.url + '/docs'
  summary.replaceChildren(status.state + (down.length ? ', not ready: ' + down.map((one) => one.name).join(', ') : ', all ready') + ' · gateway ', link)
  byId('content').replaceChildren(
    table('Processes', ['name', 'kind', 'state', 'pid', 'restarts', 'memory', 'address', 'services', 'why'],
      status.processes.map((one) => [one.name, one.kind, state(one.state), count(one.pid ?? '–'), trouble(one.restarts),
        megabytes(one.memoryBytes), one.address ?? '', wide((one.services ?? []).join(', ')), wide(one.reasons.join('; '))]), 'None yet.'),
    table('Services', ['service', 'version', 'owner', 'host', 'state'],
      status.services.map((one) => [one.name, one.version, one.owner, one.host, state(one.state)]), 'None yet.'),
    table('Operations', ['operation', 'in flight', 'succeeded', 'refused', 'failed'], operations(status.services), 'None yet.'),
    table('Relays: outbox to log', ['service', 'state', 'appended', 'lag (ms)', 'last error'],
      status.relays.map((one) => [one.source, state(one.state), count(one.appended), count(Math.round(one.lagMs)), wide(one.lastError)]), 'None yet.'),
    table('Consumers: log to service', ['group', 'from', 'state', 'applied', 'failed attempts', 'parked', 'behind', 'last error'],
      status.consumers.map((one) => [one.group, one.source, state(one.state), count(one.applied), trouble(one.failed), trouble(one.parked),
        count(one.lag), wide(one.lastError)]), 'None yet.'),
    table('Parked events', ['service', 'from', 'key', 'type', 'attempts', 'since', 'error'],
      status.parked.map((one) => [one.service, one.source, one.key, one.type, count(one.attempts), one.parkedAt, wide(one.error)]),
      'None: every event was applied or will be tried again.'))
}
async function refresh() {
  try {
    const answer = await fetch('/status.json', { cache: 'no-store', signal: AbortSignal.timeout(5000) })
    show(await answer.json())
  } catch {
    byId('summary').className = 'bad'
    byId('summary').textContent = 'The parent process does not answer.'
  }
  setTimeout(refresh, document.hidden ? 5000 : 1000)
}
refresh()
`
