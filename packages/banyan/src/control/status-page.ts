/**
 * The status page: one self-contained document. Its only script and style are allowed by their hashes, so that nothing else
 * can run in it; all text is set as text, never as HTML.
 */
import { createHash } from 'node:crypto'
import { script } from './status-page-script.ts'
import { style } from './status-page-style.ts'

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

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
<header><h1 id="title">Banyan</h1><p id="summary" role="status">Asking…</p></header>
<main id="content"></main>
<noscript><p>This page needs JavaScript; the same is in <a href="/status.json">/status.json</a>.</p></noscript>
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
