/** How the status page looks, on light and on dark. */
export const style: string = `
:root { color-scheme: light dark; --text: light-dark(#1c2321, #e4e9e6); --dim: light-dark(#5d6a65, #94a29c);
  --paper: light-dark(#f7f9f8, #141a18); --card: light-dark(#ffffff, #1c2422); --line: light-dark(#d9e0dd, #2f3a36);
  --good: light-dark(#12724a, #56c596); --bad: light-dark(#b3261e, #ff8a80); --busy: light-dark(#8a5a00, #f0b95b) }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 76rem; padding: 1rem 1.25rem 3rem; background: var(--paper); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif }
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline }
h1 { font-size: 1.5rem; margin: .5rem 0 }
h2 { font-size: 1.05rem; margin: 0 0 .5rem }
#summary { margin: 0; color: var(--dim) }
section { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; margin: 1rem 0;
  overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th { text-align: left; font-weight: 600; color: var(--dim); font-size: .85rem }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; white-space: nowrap }
td.wide { white-space: normal; min-width: 14rem; overflow-wrap: anywhere }
tr:last-child td { border-bottom: 0 }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums }
.good, #summary.good { color: var(--good) } .bad, #summary.bad { color: var(--bad) } .busy { color: var(--busy) } .none { color: var(--dim) }
a { color: inherit }
nav { display: flex; gap: 1rem; align-items: baseline; margin-left: auto }
nav a { text-decoration: none; color: var(--dim); padding: .2rem 0; border-bottom: 2px solid transparent }
nav a[aria-current] { color: inherit; border-color: currentcolor }
button, input { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .4rem; padding: .2rem .7rem }
form p { margin-top: 0 } form button { margin-left: .5rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0 }
dt { color: var(--dim); font-size: .85rem; line-height: 1.75 }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-line }
`
