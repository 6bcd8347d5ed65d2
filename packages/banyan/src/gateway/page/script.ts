/** The part of the `/docs` script that draws the page. */

/** JavaScript for the browser. */
export const script: string = `
function readOperations() {
  const found = []
  for (const [path, item] of Object.entries(api.paths || {}))
    for (const method of ['get', 'post', 'put', 'patch', 'delete']) {
      const given = item[method]
      if (!given) continue
      const content = given.requestBody && deref(given.requestBody).content
      found.push({
        id: 'op-' + found.length, path, method: method.toUpperCase(), given,
        tag: (given.tags && given.tags[0]) || 'other',
        name: given.operationId || method + ' ' + path,
        parameters: [...(item.parameters || []), ...(given.parameters || [])].map(deref),
        body: content && (content['application/json'] || Object.values(content)[0] || {}).schema,
      })
    }
  return found
}
function parametersView(parameters) {
  if (parameters.length === 0) return []
  const rows = parameters.map((parameter) => {
    const schema = deref(parameter.schema || {})
    const notes = [parameter.description, rules({ ...schema, description: parameter.description ? undefined : schema.description })]
    return el('tr', {},
      el('td', {}, parameter.name + (parameter.required ? '' : '?')),
      el('td', { class: 'quiet' }, parameter.in),
      el('td', {}, el('code', {}, typeText(schema, '', 0))),
      el('td', { class: 'quiet' }, notes.filter(Boolean).join(' · ')))
  })
  return [el('h4', {}, 'Parameters'), el('table', {}, el('tbody', {}, rows))]
}
function responseView([status, given]) {
  const response = deref(given)
  const content = Object.values(response.content || {})[0]
  const head = [el('code', { class: status < '400' ? 'ok' : 'bad' }, status), ' ', response.description || '']
  if (!content || !content.schema) return el('p', { class: 'answer' }, head)
  return el('details', {}, el('summary', {}, head), el('pre', {}, typeText(content.schema, '', 0)))
}
function responsesView(responses) {
  const all = Object.entries(responses || {})
  const usual = all.filter(([, given]) => given.$ref)
  const rest = usual.length === 0 ? [] : el('details', {}, el('summary', {}, 'The usual refusals: ', usual.map(([status]) => status).join(', ')), usual.map(responseView))
  return [el('h4', {}, 'Answers'), all.filter(([, given]) => !given.$ref).map(responseView), rest].flat()
}
function aboutView({ summary, description }) {
  const text = description && summary && description.startsWith(summary) ? description : summary || description
  return (text || '').split('\\n\\n').map((part) => part && el('p', {}, part))
}
function operationView(operation) {
  const { given, method } = operation
  return el('article', { id: operation.id },
    el('header', {},
      el('span', { class: 'method ' + method.toLowerCase() }, method),
      given.deprecated && el('span', { class: 'old' }, 'deprecated') || '',
      el('h3', {}, operation.path),
      el('span', { class: 'name' }, operation.name)),
    aboutView(given),
    parametersView(operation.parameters),
    operation.body ? [el('h4', {}, 'Body'), el('pre', {}, typeText(operation.body, '', 0))] : [],
    responsesView(given.responses),
    tryForm(operation))
}
function entryView(operation) {
  const { method } = operation
  return el('a', { class: 'entry', href: '#' + operation.id, 'data-text': (method + ' ' + operation.path + ' ' + operation.name).toLowerCase() },
    el('span', { class: 'method ' + method.toLowerCase() }, method),
    el('span', { class: operation.given.deprecated ? 'struck' : undefined }, operation.path))
}
function draw() {
  const operations = readOperations()
  const about = new Map((api.tags || []).map((tag) => [tag.name, tag.description]))
  const tags = [...new Set(operations.map((operation) => operation.tag))]
  const groups = tags.map((tag) => [tag, operations.filter((operation) => operation.tag === tag)])
  document.getElementById('index').replaceChildren(...groups.map(([tag, all]) => el('div', {}, el('h2', {}, tag), all.map(entryView))))
  document.getElementById('main').replaceChildren(...groups.map(([tag, all]) =>
    el('section', {}, el('h2', {}, tag), about.get(tag) && el('p', { class: 'quiet' }, about.get(tag)), all.map(operationView))))
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView()
}
function watchFilter() {
  document.getElementById('filter').addEventListener('input', (event) => {
    const wanted = event.target.value.trim().toLowerCase()
    for (const entry of document.querySelectorAll('.entry')) {
      const hidden = !entry.dataset.text.includes(wanted)
      entry.hidden = hidden
      document.getElementById(entry.getAttribute('href').slice(1)).hidden = hidden
    }
    for (const part of document.querySelectorAll('#index > div, main > section'))
      part.hidden = ![...part.querySelectorAll('.entry, article')].some((one) => !one.hidden)
  })
}
fetch('/openapi.json').then((response) => response.json()).then((read) => { api = read; draw(); watchFilter() }).catch((error) => {
  document.getElementById('main').replaceChildren(el('p', { class: 'bad' }, 'The description could not be read: ' + error.message))
})
`
