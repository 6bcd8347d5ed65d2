/** The part of the `/docs` script that sends requests and shows answers. */

/** JavaScript for the browser. */
export const tryScript: string = String.raw`
function el(tag, options, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(options || {}))
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : value)
  made.append(...children.flat(2).filter((child) => child !== undefined && child !== null && child !== ''))
  return made
}
function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2) } catch { return text }
}
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
function parameterField(operation, parameter) {
  const id = operation.id + '-' + parameter.in + '-' + parameter.name
  const schema = deref(parameter.schema || {})
  const suggested = parameter.example !== undefined ? parameter.example : parameter.required ? example(schema, 0) : undefined
  const input = el('input', {
    id, autocomplete: 'off', spellcheck: 'false',
    placeholder: schema.type === 'array' ? 'one, two' : parameter.required ? 'required' : '',
    value: suggested === undefined || suggested === null ? undefined : String(suggested),
  })
  return { parameter, input, list: schema.type === 'array', row: [el('label', { for: id }, parameter.name), input] }
}
function addressOf(operation, fields) {
  let path = operation.path
  const query = new URLSearchParams()
  const headers = {}
  for (const { parameter, input, list } of fields) {
    const text = input.value
    if (parameter.in === 'path') path = path.replace('{' + parameter.name + '}', encodeURIComponent(text))
    else if (text === '') continue
    else if (parameter.in === 'header') headers[parameter.name] = text
    else for (const one of list ? text.split(',').map((part) => part.trim()) : [text]) query.append(parameter.name, one)
  }
  const search = query.toString()
  return { url: path + (search ? '?' + search : ''), headers }
}
function answerView(output) {
  return {
    async show(url, request) {
      const from = performance.now()
      try {
        const response = await fetch(url, request)
        const text = await response.text()
        const took = Math.round(performance.now() - from)
        const names = ['location', 'etag', 'retry-after', 'deprecation', 'x-request-id']
        const facts = names.filter((name) => response.headers.has(name)).map((name) => name + ': ' + response.headers.get(name))
        output.replaceChildren(
          el('h4', {}, 'Answer'),
          el('p', {}, el('strong', { class: response.ok ? 'ok' : 'bad' }, response.status + ' ' + response.statusText), ' in ' + took + ' ms'),
          el('pre', {}, [...facts, '', pretty(text)].join('\n').trim()),
        )
      } catch (error) {
        output.replaceChildren(el('p', { class: 'bad' }, 'No answer: ' + error.message))
      }
    },
  }
}
function tryForm(operation) {
  const fields = operation.parameters.map((parameter) => parameterField(operation, parameter))
  for (const { parameter, input } of fields)
    if (parameter.name.toLowerCase() === 'idempotency-key' && input.value === '') input.value = newKey()
  const body = operation.body && el('textarea', { 'aria-label': 'Body', spellcheck: 'false' }, JSON.stringify(example(operation.body, 0), null, 2))
  const output = el('div', { 'aria-live': 'polite' })
  const view = answerView(output)
  const button = el('button', { type: 'button' }, 'Send')
  button.addEventListener('click', async () => {
    const { url, headers } = addressOf(operation, fields)
    const request = { method: operation.method, headers: { accept: 'application/json', ...headers }, cache: 'no-store' }
    if (body) Object.assign(request, { body: body.value, headers: { ...request.headers, 'content-type': 'application/json' } })
    button.disabled = true
    await view.show(url, request)
    button.disabled = false
  })
  return el('details', { class: 'try' }, el('summary', {}, 'Try it'), el('div', { class: 'fields' }, fields.map((field) => field.row)), body, button, output)
}
`
