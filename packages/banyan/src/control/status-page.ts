/**
 * The status page: one self-contained document. Its only script and style are allowed by their hashes, so that nothing else
 * can run in it; all text is set as text, never as HTML.
 */
import { createHash } from 'node:crypto'
import { sagasScript } from './status-page-sagas.ts'
import { script as systemScript } from './status-page-script.ts'
import { style } from './status-page-style.ts'

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const script = `${systemScript}${sagasScript}`

/** The page and the policy that goes with it. */
export const statusPage: { readonly html: string; readonly policy: string } = {
  html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Banyan</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header><h1 id="title">Banyan</h1><p id="summary" role="status">Asking…</p>
<nav aria-label="Screens"><a id="to-system" href="#">System</a><a id="to-sagas" href="#sagas">Sagas</a><button id="again" type="button" hidden>Look again</button></nav></header>
<main><div id="content"></div><div id="sagas" hidden></div></main>
<noscript><p>This page needs JavaScript; the same is in <a href="/status.json">/status.json</a>, and of sagas in
<a href="/sagas/counts">/sagas/counts</a>, <a href="/sagas/list">/sagas/list</a>, <a href="/sagas/list?late=true">/sagas/list?late=true</a> and <a href="/sagas/locks">/sagas/locks</a>.</p></noscript>
<script>${script}</script>
</body>
</html>
`,
  policy: [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
}
