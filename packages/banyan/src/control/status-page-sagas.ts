/**
 * The screen for sagas of the status page: how many runs stand where, those that need somebody first, locks, and one run in full.
 * Plain JavaScript for browsers, as text; it uses what stands in status-page-script.ts. What is free is asked every few seconds;
 * one run shows contents and needs the token, which is typed in, kept in this page's memory alone, and sent in a header.
 */
export const sagasScript: string = `
let token = ''
let shown = ''
const units = [['d', 86400000], ['h', 3600000], ['min', 60000], ['s', 1000]]
const age = (ms) => {
  const [name, size] = units.find((unit) => ms >= unit[1]) ?? ['ms', 1]
  return Math.floor(Math.max(0, ms) / size) + ' ' + name
}
const since = (at) => ({ text: age(Date.now() - new Date(at).getTime()), className: 'number', title: new Date(at).toISOString() })
const stateTone = (value) => ({ parked: 'bad', undoing: 'busy', undone: 'busy', completed: 'good' })[value] ?? ''
const standTone = { done: 'good', 'not done': '', unknown: 'bad' }
const cut = (value) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? ''
  return text.length > 300 ? text.slice(0, 299) + '…' : text
}
const runLink = (service, id, text) => ({ text, href: '#saga=' + [service, id].map(encodeURIComponent).join('/') })
async function ask(path, headers = {}) {
  const answer = await fetch('/sagas/' + path, { cache: 'no-store', headers, signal: AbortSignal.timeout(15000) })
  const body = await answer.json()
  if (answer.ok) return body
  throw Object.assign(new Error(body.detail ?? 'the control port answers ' + answer.status), { status: answer.status })
}
function whyOf(row, isStuck) {
  if (row.state === 'parked') return { text: 'parked: ' + (row.parked?.reason ?? '') + (row.parked?.seq ? ' at operation ' + row.parked.seq : ''), className: 'wide bad' }
  if (isStuck) return { text: row.holder ? 'stuck: no entry' : 'stuck: nobody takes it', className: 'wide bad' }
  if (row.lateSince) return { text: 'late: ' + (row.waitsFor[0] ?? '').replace(/^wait late since [^ ]+: /, 'waits for '), className: 'wide bad' }
  return wide(row.waitsFor.join('; '))
}
function atOf({ holder, dueAt }) {
  if (holder || !dueAt) return wide(holder)
  const inMs = new Date(dueAt).getTime() - Date.now()
  return { text: inMs > 0 ? 'due in ' + age(inMs) : 'due for ' + age(-inMs), title: dueAt }
}
function runRow(row, isStuck) {
  return [runLink(row.service, row.id, row.name + ' v' + row.version), row.run > 1 ? row.key + ' (run ' + row.run + ')' : row.key, row.service,
    { text: row.state, className: stateTone(row.state) }, whyOf(row, isStuck), since(row.lateSince ?? row.changedAt), atOf(row)]
}
const runHeads = ['saga', 'key', 'service', 'state', 'why, or what it waits for', 'for', 'at']
async function sagasScreen() {
  const [counts, stuck, late, newest, locks] = await Promise.all([ask('counts'), ask('list?stuck=300000&limit=50'),
    ask('list?late=true&limit=50'), ask('list?limit=50'), ask('locks?limit=50')])
  const rank = (row) => row.state === 'parked' ? 0 : 1
  const waiting = stuck.sagas.toSorted((one, other) => rank(one) - rank(other))
  const needs = [...waiting.map((row) => [row, true]), ...late.sagas.map((row) => [row, false])]
  const more = stuck.next || late.next ? ' There are more: banyan saga list --stuck, --late.' : ''
  const whole = counts.flatMap((one) => one.counts.map((count) => ({ service: one.service, ...count })))
  return [
    table('What needs somebody' + (needs.length ? ': ' + needs.length : ''), runHeads, needs.map(([row, isStuck]) => runRow(row, isStuck)),
      'Nothing: no run is parked, stuck or late.', more),
    table('Runs that have not ended', ['saga', 'service', 'state', 'runs', 'held', 'waiting', 'due'],
      whole.map((one) => [one.name + ' v' + one.version, one.service, { text: one.state, className: stateTone(one.state) },
        count(one.held + one.waiting + one.due), count(one.held), count(one.waiting), count(one.due)]), 'None.'),
    table('Locks', ['kind', 'key', 'held by', 'service', 'for', 'waiting'],
      locks.map((one) => [one.kind, one.key, runLink(one.service, one.owner, one.ownerName), one.service, since(one.sinceMs), trouble(one.waiting.length)]),
      'None is held.'),
    table('Newest runs', runHeads, newest.sagas.map((row) => runRow(row, false)), 'There was none in the last week.'),
  ]
}
function facts(title, rows) {
  const section = make('section')
  section.append(make('h2', '', title))
  const list = make('dl')
  for (const [name, value, className] of rows) if (value) list.append(make('dt', '', name), make('dd', className ?? '', value))
  section.append(list)
  return section
}
function whatOf(one) {
  const undo = one.undo && 'undo: ' + one.undo.stands + (one.undo.why ? ' (' + one.undo.why + ')' : '') + (one.undo.error ? ': ' + (one.undo.error.message ?? one.undo.error) : '')
  return [one.stands === 'done' ? '' : one.means, one.waitsFor && 'waits for ' + one.waitsFor + (one.until ? ', until ' + one.until : ''),
    one.error && (one.error.reason ?? one.error.code) + ': ' + one.error.message, one.retry && 'again ' + one.retry.at + ': ' + one.retry.error,
    one.output !== undefined && 'gave ' + cut(one.output), undo].filter(Boolean).join(' · ')
}
function flowSections(flow) {
  const left = new Set(flow.events)
  const rows = []
  const add = (event, depth) => {
    if (!left.delete(event)) return
    rows.push([{ text: event.type, className: 'level', level: Math.min(depth, 20) }, event.source, event.at, event.causedBy?.type ?? ''])
    for (const next of flow.events) if (next.causedBy?.id === event.id) add(next, depth + 1)
  }
  for (const event of flow.events) if (!event.causedBy) add(event, 0)
  for (const event of flow.events) add(event, 0)
  return [
    table('What has happened', ['event', 'from', 'at', 'caused by'], rows, 'Nothing.'),
    table('What is missing', ['what', 'stands'], flow.missing.map((text, index) => [wide(text), index < flow.late ? { text: 'late', className: 'bad' } : 'in time']), 'Nothing.'),
  ]
}
function runSections(view) {
  const flow = view.flow
  return [
    facts(view.name + ' v' + view.version + ' · ' + view.key + (view.run > 1 ? ' · run ' + view.run : ''), [
      ['state', view.state + ': ' + view.means, stateTone(view.state)],
      ['parked', view.parked && view.parked.reason + (view.parked.seq ? ' at operation ' + view.parked.seq : '') + ': ' + view.parked.message, 'bad'],
      ['waits for', flow ? '' : view.waitsFor.join('; ')], ['due', view.dueAt], ['must end by', view.deadlineAt],
      ['service', view.service], ['started', view.startedAt + ' by ' + view.startedBy], ['ended', view.endedAt], ['at', view.holder],
      ['id', view.id], ['input', cut(view.input)], ['outcome', view.outcome === undefined ? '' : cut(view.outcome)],
      ['undo', view.isPastNoReturn && 'past its point of no return: nothing of it is undone'],
      ['code', { 'no code': 'there is none for this version here: what is under way is not known', differs: 'code and journal do not agree: ' + view.fault }[view.frontier], 'bad'],
    ]),
    ...(flow ? flowSections(flow) : [table('Operations', ['no.', 'operation', 'kind', 'stands', 'attempts', 'at', 'what'],
      view.operations.map((one) => [count(one.seq), one.name, one.kind, { text: one.stands, className: standTone[one.stands] }, count(one.attempts ?? 1),
        one.at ?? '', wide(whatOf(one))]), 'None yet.')]),
    table('Locks', ['kind', 'key', 'stands', 'for', 'held by', 'waiting'], view.locks.map((one) => [one.kind, one.key,
      { text: one.stands, className: one.stands === 'held' ? '' : 'busy' }, since(one.since), one.heldBy ?? 'this run', count(one.waiting)]), 'None.'),
    table('Done by hand', ['at', 'who', 'what', 'why'], view.byHand.map((one) => [one.at, one.by, one.action + (one.seq ? ' ' + one.seq : ''), wide(one.why)]), 'Nothing.'),
  ]
}
function tokenForm(text) {
  const form = make('form')
  const label = make('label', '', 'Token ')
  const field = make('input')
  Object.assign(field, { type: 'password', autocomplete: 'off', required: true })
  label.append(field)
  form.append(make('p', '', text), label, make('button', '', 'Show'))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    token = field.value.trim()
    shown = ''
    showSagas()
  })
  const section = make('section')
  section.append(form)
  return section
}
const needed = 'What a run was given and has done is shown to whoever has the token: it stands in the file token of the data directory.'
async function runScreen(service, run) {
  if (token === '') return [tokenForm(needed)]
  try {
    const query = new URLSearchParams({ service, run })
    return runSections(await ask('show?' + query, { authorization: 'Bearer ' + token }))
  } catch (error) {
    if (error.status !== 401) throw error
    token = ''
    return [tokenForm('This is not the token. ' + needed)]
  }
}
/** What has the focus keeps it: links by where they lead. */
function replace(parts) {
  const href = document.activeElement?.getAttribute?.('href')
  byId('sagas').replaceChildren(...parts)
  const field = byId('sagas').querySelector('input')
  field?.focus()
  byId('again').hidden = !location.hash.startsWith('#saga=') || field !== null
  if (href?.startsWith('#saga=')) [...byId('sagas').querySelectorAll('a')].find((link) => link.getAttribute('href') === href)?.focus()
}
async function showSagas() {
  const at = location.hash
  if (at !== '#sagas' && !at.startsWith('#saga=')) return
  if (!isRunning) return replace([make('p', 'none', 'The system is not running yet.')])
  const isRun = at !== '#sagas'
  // A run is looked at by a process that is started for it: once, and again when somebody asks.
  if (isRun && shown === at) return
  if (isRun || shown !== at) replace([make('p', 'none', 'Asking…')])
  shown = at
  try {
    const parts = isRun ? await runScreen(...at.slice(6).split('/').map(decodeURIComponent)) : await sagasScreen()
    if (location.hash === at) replace(parts)
  } catch (error) {
    const said = make('p', 'bad', error.message)
    said.setAttribute('role', 'alert')
    if (location.hash === at) replace([said])
  }
}
function showScreen() {
  const isSagas = location.hash.startsWith('#saga')
  byId('content').hidden = isSagas
  byId('sagas').hidden = !isSagas
  for (const [id, isHere] of [['to-system', !isSagas], ['to-sagas', isSagas]]) {
    if (isHere) byId(id).setAttribute('aria-current', 'page')
    else byId(id).removeAttribute('aria-current')
  }
  byId('again').hidden = true
  shown = ''
  showSagas()
}
byId('again').addEventListener('click', () => {
  shown = ''
  showSagas()
})
addEventListener('hashchange', showScreen)
showScreen()
async function refreshSagas() {
  if (!document.hidden) await showSagas()
  setTimeout(refreshSagas, 3000)
}
setTimeout(refreshSagas, 3000)
`
