/** The style of `/docs`: light and dark by the reader's own setting, no fonts or images from anywhere. */

/** CSS. */
export const style = `
:root {
  color-scheme: light dark;
  --back: light-dark(#fbfaf7, #14171a);
  --card: light-dark(#ffffff, #1b1f24);
  --sunk: light-dark(#f3f1ec, #101316);
  --line: light-dark(#e3dfd6, #2b3138);
  --text: light-dark(#23282d, #dfe3e8);
  --quiet: light-dark(#6a7077, #919aa4);
  --leaf: light-dark(#23704a, #6cc596);
  --get: light-dark(#1f6fb2, #6db3f2);
  --post: light-dark(#23704a, #6cc596);
  --put: light-dark(#9a6200, #e0ac4f);
  --delete: light-dark(#b3362c, #f08a80);
  --mono: ui-monospace, 'SF Mono', 'Cascadia Code', Menlo, Consolas, monospace;
}
* { box-sizing: border-box }
html { scroll-behavior: smooth }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto } }
body {
  margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr); min-height: 100vh;
  background: var(--back); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
}
a { color: var(--leaf) }
:focus-visible { outline: 2px solid var(--leaf); outline-offset: 2px }
nav {
  position: sticky; top: 0; height: 100vh; overflow: hidden auto; padding: 1.5rem 1rem;
  border-right: 1px solid var(--line); background: var(--sunk);
}
nav h1 { margin: 0 .5rem 1rem; font-size: 1.15rem; letter-spacing: -.01em }
nav h2 { margin: 1.2rem .5rem .3rem; font-size: .75rem; text-transform: uppercase; letter-spacing: .07em; color: var(--quiet) }
nav .entry { display: flex; gap: .5rem; align-items: baseline; padding: .2rem .5rem; border-radius: 6px; color: inherit; text-decoration: none; font-size: .88rem }
nav .entry > :last-child { min-width: 0; overflow-wrap: anywhere }
nav .entry:hover { background: var(--card) }
nav .entry .method { flex: none; width: 3.1rem; font-size: .66rem }
.foot { margin: 1.5rem .5rem 0; font-size: .8rem }
main { padding: 2rem clamp(1rem, 4vw, 3.5rem) 6rem; max-width: 68rem; outline: none }
main > section > h2 { margin: 2.5rem 0 .2rem; font-size: 1.45rem; letter-spacing: -.015em }
main > section:first-child > h2 { margin-top: 0 }
.quiet { color: var(--quiet) }
article { margin: 1.2rem 0; padding: 1.1rem 1.3rem 1.3rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; scroll-margin-top: 1rem }
article header { display: flex; flex-wrap: wrap; gap: .7rem; align-items: center }
article h3 { margin: 0; font: 600 1rem var(--mono); overflow-wrap: anywhere }
article h4 { margin: 1.1rem 0 .35rem; font-size: .75rem; text-transform: uppercase; letter-spacing: .07em; color: var(--quiet) }
article p { margin: .5rem 0 0 }
.name { margin-left: auto; font: .82rem var(--mono); color: var(--quiet) }
.method { font: 700 .74rem var(--mono); letter-spacing: .03em }
article .method { padding: .15rem .5rem; border: 1px solid currentColor; border-radius: 5px }
.get { color: var(--get) } .post { color: var(--post) } .put, .patch { color: var(--put) } .delete { color: var(--delete) }
.old { color: var(--delete); font-size: .8rem; font-weight: 600 }
.old + h3, .struck { text-decoration: line-through }
table { width: 100%; border-collapse: collapse; font-size: .9rem }
td { padding: .35rem .8rem .35rem 0; border-top: 1px solid var(--line); vertical-align: top }
td:first-child { font-family: var(--mono); white-space: nowrap }
pre { margin: 0; padding: .8rem 1rem; overflow-x: auto; background: var(--sunk); border-radius: 7px; font: .83rem/1.5 var(--mono) }
code { font-family: var(--mono); font-size: .88em }
details { margin-top: .5rem } summary { cursor: pointer }
details, .answer { font-size: .9rem }
summary code { font-weight: 600 } details > pre { margin-top: .4rem }
.ok { color: var(--post) } .bad { color: var(--delete) }
.try { margin-top: 1.1rem; padding-top: .4rem; border-top: 1px solid var(--line) }
.try > summary { padding: .4rem 0; color: var(--leaf); font-weight: 600 }
.fields { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .5rem .9rem; align-items: center; margin: .5rem 0 }
.fields label { font: .84rem var(--mono) }
input, textarea { width: 100%; padding: .45rem .6rem; border: 1px solid var(--line); border-radius: 6px; background: var(--back); color: inherit; font: .86rem var(--mono) }
textarea { min-height: 9rem; resize: vertical; line-height: 1.5 }
button { margin: .7rem 0; padding: .45rem 1.2rem; border: 0; border-radius: 6px; background: var(--leaf); color: var(--card); font: 600 .9rem system-ui, sans-serif; cursor: pointer }
button:disabled { opacity: .5; cursor: progress }
[hidden] { display: none !important }
@media (max-width: 54rem) {
  body { grid-template-columns: minmax(0, 1fr) }
  nav { position: static; height: auto; max-height: 45vh; border-right: 0; border-bottom: 1px solid var(--line) }
  .name { display: none }
}
`
