import { fail, ok, type Result } from '../base/result.ts'

/** `any` that answers; `read-write` skips all read-only servers, `primary` only standbys. */
export type WantedServer = 'any' | 'read-write' | 'primary'

/** `DATABASE_URL`, parsed as PostgreSQL's own clients do (libpq, 34.1.1.2). */
export type DatabaseAddress = {
  /** Tried in this order. A host that begins with a slash is a directory with a Unix socket. */
  hosts: { host: string; port: number }[]
  user: string
  password: string
  database: string
  /**
   * `unchecked` encrypts without checking the server; `chain` checks who signed the certificate, `full` also for which
   * host.
   */
  tls: 'off' | 'if_offered' | 'unchecked' | 'chain' | 'full'
  directTls: boolean
  /** Paths of PEM files. */
  authority: string | undefined
  certificate: string | undefined
  key: string | undefined
  /** Which of the hosts are acceptable. */
  wanted: WantedServer
  connections: number | undefined
  /** In seconds. */
  connectTimeout: number | undefined
  keepAlive: number | false | undefined
  /** Passed to the server unchanged. */
  parameters: Record<string, string>
  /** Parameters for other programs, without effect here. */
  withoutEffect: string[]
}

const fault = (message: string) => fail(message)

const encoded =
  'has characters in its user name or password that must be encoded in a URL: write % as %25, / as ' +
  '%2F, ? as %3F, # as %23, @ as %40'

/** Never repeats the URL, which has a password; faults begin with a verb, to follow the setting's name. */
export function parseDatabaseUrl(text: string): Result<DatabaseAddress, string> {
  const parts = /^postgres(?:ql)?:\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?(#.*)?$/i.exec(unquoted(text))
  if (!parts) return fault('must begin with postgres:// or postgresql://')
  const [, authority = '', path = '', query = '', fragment] = parts
  const at = authority.lastIndexOf('@')
  if (fragment !== undefined || path.includes('@') || (at === -1 && query.includes('@')))
    return fault(encoded)
  const given = parametersOf(query)
  const userinfo = decoded(authority.slice(0, Math.max(0, at)).split(/:(.*)/s))
  const database = decoded([path.slice(1)])
  if (!userinfo || !database || !given) return fault(encoded)
  const hosts = hostsOf(authority.slice(at + 1), given)
  if (!hosts)
    return fault(
      'must name hosts as host, host:port or [IPv6 address]:port, separated by commas, and one port for ' +
        'all or one for each',
    )
  const user = given.get('user') || userinfo[0] || 'postgres'
  return readParameters(given, {
    hosts,
    user,
    password: given.get('password') || userinfo[1] || '',
    database: given.get('dbname') || database[0] || user,
  })
}

const unquoted = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/s, '$2')

function decoded(texts: string[]): string[] | undefined {
  try {
    return texts.map(decodeURIComponent)
  } catch {
    return undefined
  }
}

function parametersOf(query: string): Map<string, string> | undefined {
  const given = new Map<string, string>()
  for (const pair of query.split('&').filter(Boolean)) {
    const [name = '', value = ''] = decoded(pair.split(/=(.*)/s)) ?? []
    if (name === '') return undefined
    given.set(name, value)
  }
  return given
}

/** As PostgreSQL's own clients have it, parameters replace what the URL says before its path. */
function hostsOf(list: string, given: ReadonlyMap<string, string>): DatabaseAddress['hosts'] | undefined {
  const listed = (list || 'localhost').split(',').map((name) => {
    const [, bracketed, plain = '', port = ''] =
      /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*))(?::(\d{1,5}))?$/i.exec(name) ?? []
    const [host = ''] = decoded([bracketed ?? plain]) ?? []
    return { host, port }
  })
  const names = given.get('host')?.split(',') ?? listed.map(({ host }) => host)
  const ports = given.get('port')?.split(',') ?? listed.map(({ port }) => port)
  if (ports.length !== 1 && ports.length !== names.length) return undefined
  const hosts = names.map((host, index) => {
    const port = ports[ports.length === 1 ? 0 : index] || '5432'
    return { host, port: /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN }
  })
  return hosts.every(({ host, port }) => host !== '' && port >= 1 && port <= 65_535) ? hosts : undefined
}

const tlsOf: Readonly<Record<string, DatabaseAddress['tls']>> = {
  disable: 'off',
  allow: 'if_offered',
  prefer: 'if_offered',
  require: 'unchecked',
  true: 'unchecked',
  'verify-ca': 'chain',
  'verify-full': 'full',
}

/** These are in `hosts` and the like, or are always true: no statement is ever prepared by name. */
const readElsewhere = new Set(['user', 'password', 'dbname', 'host', 'port', 'pgbouncer'])
const forOthers = new Set([
  'keepalives_interval',
  'keepalives_count',
  'tcp_user_timeout',
  'pool_timeout',
  'socket_timeout',
  'statement_cache_size',
  'load_balance_hosts',
  'gssencmode',
  'sslcompression',
])
const wholeNumber = /^\d{1,9}$/

function readParameters(
  given: ReadonlyMap<string, string>,
  who: Pick<DatabaseAddress, 'hosts' | 'user' | 'password' | 'database'>,
): Result<DatabaseAddress, string> {
  const address: DatabaseAddress = {
    ...who,
    tls: 'off',
    directTls: false,
    authority: undefined,
    certificate: undefined,
    key: undefined,
    // The site needs to write; with only one server there is no choice.
    wanted: who.hosts.length > 1 ? 'read-write' : 'any',
    connections: undefined,
    connectTimeout: undefined,
    keepAlive: undefined,
    parameters: {},
    withoutEffect: [],
  }
  const keepAlives = given.get('keepalives') !== '0'
  for (const [name, value] of given) {
    if (readElsewhere.has(name)) continue
    if (forOthers.has(name)) address.withoutEffect.push(name)
    else if (!take(address, name, value, keepAlives)) return fault(wrongParameter(name, value))
  }
  if (address.authority !== undefined && address.tls !== 'chain')
    address.tls = strictest(given.get('sslmode'))
  if (given.get('channel_binding') === 'require') {
    if (given.get('sslmode') === 'disable')
      return fault('asks for channel_binding=require without TLS: leave out sslmode')
    address.tls = 'full'
  }
  return ok(address)
}

/** If an authority is named, it is checked; `require` then checks the chain, as in other clients. */
const strictest = (mode: string | undefined): DatabaseAddress['tls'] =>
  mode === 'require' ? 'chain' : 'full'

function take(address: DatabaseAddress, name: string, value: string, keepAlives: boolean): boolean {
  switch (name) {
    case 'sslmode':
    case 'ssl': {
      const tls = tlsOf[value]
      if (tls) address.tls = tls
      return tls !== undefined
    }
    case 'sslnegotiation':
      address.directTls = value === 'direct'
      return value === 'direct' || value === 'postgres'
    case 'sslrootcert':
      address.authority = value
      return value !== ''
    case 'sslcert':
      address.certificate = value
      return value !== ''
    case 'sslkey':
      address.key = value
      return value !== ''
    case 'channel_binding':
      return ['disable', 'prefer', 'require'].includes(value)
    case 'target_session_attrs':
      if (value !== 'any' && value !== 'read-write' && value !== 'primary') return false
      address.wanted = value
      return true
    case 'connection_limit':
      address.connections = Number(value)
      return wholeNumber.test(value) && Number(value) >= 1
    case 'connect_timeout':
      address.connectTimeout = Number(value)
      return wholeNumber.test(value)
    case 'keepalives':
      if (!keepAlives) address.keepAlive = false
      return value === '0' || value === '1'
    case 'keepalives_idle':
      if (keepAlives) address.keepAlive = Number(value)
      return wholeNumber.test(value)
    case 'schema':
      // One name as it is written; a search path folds capitals unless they are quoted.
      address.parameters.search_path = /^[^",]*[A-Z][^",]*$/.test(value) ? `"${value}"` : value
      return value !== ''
    case 'currentSchema':
      address.parameters.search_path = value
      return value !== ''
    case 'options':
    case 'search_path':
    case 'application_name':
      address.parameters[name] = value
      return true
    default:
      return false
  }
}

const allowed: Readonly<Record<string, string>> = {
  sslmode: 'disable, allow, prefer, require, verify-ca or verify-full',
  ssl: 'true',
  sslnegotiation: 'direct or postgres',
  sslrootcert: 'the path of a file',
  sslcert: 'the path of a file',
  sslkey: 'the path of a file',
  channel_binding: 'disable, prefer or require',
  target_session_attrs: 'read-write, primary or any, since the site writes',
  connection_limit: 'a whole number from 1',
  connect_timeout: 'seconds',
  keepalives: '0 or 1',
  keepalives_idle: 'seconds',
  schema: 'the name of a schema',
  currentSchema: 'the name of a schema',
}

function wrongParameter(name: string, value: string): string {
  const known = allowed[name]
  if (known) return `has the parameter ${name}, which must be ${known}`
  const named = /^[\w.-]{1,40}$/.test(name) && value !== '' ? `the parameter ${name}` : 'a parameter'
  return `has ${named} that is not known here: leave it out`
}
