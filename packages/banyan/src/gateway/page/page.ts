/**
 * `/docs`: the API as a page to read and try. One self-contained document without any origin but its own; its policy
 * allows exactly this script and this style, by hash, so that nothing injected into it can run. It reads /openapi.json
 * like any other client and writes everything as text, never as HTML.
 */
import { hash } from 'node:crypto'
import { schemaScript } from './schema-script.ts'
import { script } from './script.ts'
import { style } from './style.ts'
import { tryScript } from './try-script.ts'

/** The page and the Content-Security-Policy that it must be served with. */
export interface RenderedPage {
  readonly html: string
  readonly policy: string
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Text as HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character] as string)
}

/** Renders the page of a system. */
export function renderPage(name: string): RenderedPage {
  const code = `'use strict'\n${schemaScript}${tryScript}${script}`
  const source = (text: string): string => `'sha256-${hash('sha256', text, 'base64')}'`
  const title = escapeHtml(name)
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} API</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<nav aria-label="Operations">
<h1>${title}</h1>
<input id="filter" type="search" placeholder="Filter operations" aria-label="Filter operations" autocomplete="off">
<div id="index"></div>
<p class="foot"><a href="/openapi.json">openapi.json</a></p>
</nav>
<main id="main" tabindex="-1"><p class="quiet">Loading…</p></main>
<noscript><p>This page needs JavaScript; the same is in <a href="/openapi.json">openapi.json</a>.</p></noscript>
<script>${code}</script>
</body>
</html>
`
  const policy = [
    "default-src 'none'",
    `script-src ${source(code)}`,
    `style-src ${source(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
  return { html, policy }
}
