// The status page as a document: what its script may not do, and that what is shown is text. Browsers run the script; here it is only read.
import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { statusPage } from './status-page.ts'

const { html } = statusPage
const script = /<script>([\s\S]*)<\/script>/.exec(html)?.[1] ?? ''

test('its script is one that browsers can read, and closes nothing early', () => {
  expect(() => new Script(script)).not.toThrow()
  expect(html.match(/<\/script>/g)).toHaveLength(1)
  expect(html.match(/<\/style>/g)).toHaveLength(1)
})

test('nothing that it shows becomes HTML, and nothing that it is told becomes code', () => {
  for (const way of [
    'innerHTML',
    'outerHTML',
    'insertAdjacentHTML',
    'document.write',
    'DOMParser',
    'eval',
    'new Function',
  ])
    expect(script).not.toContain(way)
})

test('the token is kept nowhere, and no schema is asked to show what it hides', () => {
  for (const place of ['localStorage', 'sessionStorage', 'cookie', 'indexedDB', 'pushState', 'secrets'])
    expect(script).not.toContain(place)
  expect(script).toContain("let token = ''")
})

test('every element that the script looks for is there', () => {
  const wanted = [...script.matchAll(/byId\('([\w-]+)'\)/g)].map((found) => found[1] as string)
  for (const id of new Set([...wanted, 'to-system', 'to-sagas'])) expect(html, id).toContain(`id="${id}"`)
})

test('without JavaScript it says where the same is to be found', () => {
  const said = /<noscript>([\s\S]*)<\/noscript>/.exec(html)?.[1]
  for (const path of ['/status.json', '/sagas/counts', '/sagas/list', '/sagas/locks'])
    expect(said).toContain(`"${path}"`)
})
