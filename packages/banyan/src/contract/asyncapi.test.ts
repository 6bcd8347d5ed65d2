import { expect, test } from 'vitest'
import { Library, Members } from './fixtures/library.ts'
import { toAsyncApi } from './index.ts'

const document = toAsyncApi([Library, Members])

test('each event has a channel, a message and a send operation', () => {
  expect(Object.keys(document.channels)).toEqual(['library.lent.v1', 'library.outlined.v2', 'members.joined.v1'])
  expect(document['operations']).toMatchObject({
    'publish.members.joined.v1': { action: 'send', channel: { $ref: '#/channels/members.joined.v1' } },
  })
})

test('the payload is the CloudEvents envelope around the data', () => {
  const messages = (document['components'] as { messages: Record<string, unknown> }).messages
  expect(messages['members.joined.v1']).toMatchObject({
    contentType: 'application/cloudevents+json',
    'x-banyan-key': 'memberId',
    payload: {
      required: expect.arrayContaining(['specversion', 'id', 'source', 'type', 'partitionkey', 'data']),
      properties: {
        specversion: { const: '1.0' },
        type: { const: 'members.joined.v1' },
        data: { type: 'object', required: ['memberId'] },
      },
    },
  })
})
