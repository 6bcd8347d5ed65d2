/** The connection string of a NATS bus: one text, so that it fits into an environment variable. */
import { BanyanError } from 'banyan/core'

/** What a connection string says. */
export interface NatsAddress {
  /** `host:port`, each. */
  readonly servers: readonly string[]
  readonly user?: string
  readonly pass?: string
  readonly token?: string
  readonly tls: boolean
  readonly replicas?: number
}

/**
 * Reads `nats://user:password@host:4222,host2:4222?replicas=3`. One name before the `@` and no password is a token; `tls://`
 * asks for TLS. INVALID_ARGUMENT with the rule; the text itself is not shown, since it may hold a password.
 *
 * @example
 * fromNatsUrl('nats://127.0.0.1:4222').servers // ['127.0.0.1:4222']
 */
export function fromNatsUrl(text: string): NatsAddress {
  const found = /^(nats|tls):\/\/(?:([^@/]*)@)?([^@/?]+)\/?(?:\?(.*))?$/.exec(text)
  if (found === null) throw badUrl('is like nats://user:password@host:4222,host2:4222?replicas=3')
  const [, scheme, account, hosts = '', query = ''] = found
  const servers = hosts.split(',').map((host) => (/:\d+$/.test(host) ? host : `${host}:4222`))
  const replicas = toReplicas(query)
  return {
    servers,
    tls: scheme === 'tls',
    ...toAccount(account),
    ...(replicas === undefined ? {} : { replicas }),
  }
}

/** The same without what is secret, for messages. */
export function withoutSecrets({ servers, tls }: NatsAddress): string {
  return `${tls ? 'tls' : 'nats'}://${servers.join(',')}`
}

function toAccount(account: string | undefined): Pick<NatsAddress, 'user' | 'pass' | 'token'> {
  if (account === undefined || account === '') return {}
  const [user = '', pass] = account.split(':').map((part) => decodeURIComponent(part))
  return pass === undefined ? { token: user } : { user, pass }
}

function toReplicas(query: string): number | undefined {
  const given = new URLSearchParams(query)
  for (const name of given.keys()) if (name !== 'replicas') throw badUrl(`has no option '${name}', only replicas`)
  const text = given.get('replicas')
  if (text === null) return undefined
  if (!/^[135]$/.test(text)) throw badUrl(`has replicas 1, 3 or 5; found '${text}'`)
  return Number(text)
}

function badUrl(rule: string): BanyanError {
  return new BanyanError('INVALID_ARGUMENT', `the connection string of the NATS bus ${rule}`, { reason: 'BAD_BUS_URL' })
}
