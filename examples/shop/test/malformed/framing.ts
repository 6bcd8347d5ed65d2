// Requests whose framing cannot be trusted: where one request ends and the next begins is what smuggling attacks.
// A server may answer with a refusal or just end the connection; it must not take a body for an order.

import { json, type MalformedRequest, type Target, toBytes } from './request.ts'

export function framingRequests(target: Target): MalformedRequest[] {
  const order = JSON.stringify({
    customerId: target.customerId,
    items: [{ sku: target.sku, quantity: 1 }],
    payment: { token: 'tok_ok' },
  })
  const chunk = `${order.length.toString(16)}\r\n${order}\r\n`
  const post = 'POST /orders HTTP/1.1\r\nhost: shop\r\ncontent-type: application/json\r\n'
  const cases: Record<string, string> = {
    'transfer-encoding and content-length': `${post}transfer-encoding: chunked\r\ncontent-length: ${order.length}\r\n\r\n${chunk}0\r\n\r\n`,
    'content-length and transfer-encoding': `${post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`,
    'two content-lengths': `${post}content-length: ${order.length}\r\ncontent-length: 3\r\n\r\n${order}`,
    'a negative content-length': `${post}content-length: -5\r\n\r\n${order}`,
    'a content-length in hex': `${post}content-length: 0x10\r\n\r\n${order}`,
    'a content-length beyond integers': `${post}content-length: 99999999999999999999999\r\n\r\n${order}`,
    'a chunk size that is no number': `${post}transfer-encoding: chunked\r\n\r\nzz\r\n${order}\r\n0\r\n\r\n`,
    'a chunk size beyond integers': `${post}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n${order}`,
    'a chunk longer than its size': `${post}transfer-encoding: chunked\r\n\r\n5\r\n${order}\r\n0\r\n\r\n`,
    'an unknown transfer-encoding': `${post}transfer-encoding: xchunked\r\n\r\n${chunk}0\r\n\r\n`,
    'chunked twice': `${post}transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n${chunk}0\r\n\r\n`,
    'a space before the colon': `${post}content-length : ${order.length}\r\n\r\n${order}`,
    'lines that end in LF only': `${post}content-length: ${order.length}\r\n\r\n${order}`.replaceAll('\r\n', '\n'),
    'lines that end in CR only': `${post}content-length: ${order.length}\r\n\r\n${order}`.replaceAll('\r\n', '\r'),
    'a folded header': `${post}x-folded: a\r\n b\r\nx y: 1\r\n\r\n`,
    'a header without a name': `${post}: value\r\n\r\n`,
    'a header without a colon': `${post}nothing\r\n\r\n`,
    'a NUL in a header': `${post}x-nul: a\0b\r\n\r\n`,
    'a NUL in the path': 'GET /products/a\0b HTTP/1.1\r\nhost: shop\r\n\r\n',
    'a space in the path': 'GET /products/a b HTTP/1.1\r\nhost: shop\r\n\r\n',
    'no host': 'GET /products HTTP/1.1\r\n\r\n',
    'HTTP/9.9': 'GET /products HTTP/9.9\r\nhost: shop\r\n\r\n',
    // HTTP/0.9 knew only GET.
    'no version': `POST /orders\r\nhost: shop\r\ncontent-type: application/json\r\ncontent-length: ${order.length}\r\n\r\n${order}`,
    'an unknown method': 'FROBNICATE /products HTTP/1.1\r\nhost: shop\r\n\r\n',
    'a method in small letters': 'get /products HTTP/1.1\r\nhost: shop\r\n\r\n',
    'no method': ' /products HTTP/1.1\r\nhost: shop\r\n\r\n',
    CONNECT: 'CONNECT shop:443 HTTP/1.1\r\nhost: shop\r\n\r\n',
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a TLS greeting': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on\r\n\r\n',
    'binary noise': `${'\x80\xff\x00\x01'.repeat(500)}\r\n\r\n`,
    'an upgrade nobody offers': `${post}connection: upgrade\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\n{}`,
    'an expectation nobody meets': `${post}connection: close\r\nexpect: the-unexpected\r\ncontent-length: 2\r\n\r\n{}`,
    'a target with authority that is none':
      'GET http://[::bad/products HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n',
    'a target of slashes': 'GET //////../..//products HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n',
    'an asterisk': 'GET * HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n',
  }
  const requests = Object.entries(cases).map(([name, text]): MalformedRequest => {
    return { name: `framing: ${name}`, bytes: Buffer.from(text, 'latin1'), expected: 'refused or closed' }
  })
  const gzip = toBytes({
    method: 'POST',
    path: '/orders',
    headers: [json, ['content-encoding', 'gzip']],
    body: 'no gzip',
  })
  return [...requests, { name: 'framing: a body that is not gzip though it says so', bytes: gzip, expected: 'refused' }]
}
