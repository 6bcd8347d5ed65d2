import { expect, it } from 'vitest'
import { chooseExposition, maxAcceptChars } from './negotiation.ts'

// What Prometheus 2.55 and 3.0 send.
const prometheus2 =
  'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
const prometheus3 =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'

it.each([
  [undefined, 'prometheus'],
  ['', 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'prometheus'],
  ['text/*', 'prometheus'],
  ['application/*', 'openmetrics'],
  [prometheus2, 'openmetrics'],
  [prometheus3, 'openmetrics'],
  ['application/openmetrics-text', 'openmetrics'],
  ['Application/OpenMetrics-Text; Version=1.0.0', 'openmetrics'],
  ['application/openmetrics-text;q=0, */*', 'prometheus'],
  ['application/openmetrics-text;q=0.1, text/plain;q=0.2', 'prometheus'],
  ['application/openmetrics-text;version=9.0.0, text/plain;q=0.1', 'prometheus'],
  ['application/openmetrics-text;q=2', 'prometheus'],
  ['image/png', 'prometheus'],
  [`application/openmetrics-text,${'x'.repeat(maxAcceptChars)}`, 'prometheus'],
])('an Accept of %j is answered with %s', (accept, format) => expect(chooseExposition(accept)).toBe(format))
