import { describe, expect, test } from 'vitest'
import { databaseOptions } from '../../src/lib/database/database-options.ts'
import { parseDatabaseUrl } from '../../src/lib/settings/database-url.ts'

const read = (url: string) => {
  const parsed = parseDatabaseUrl(url)
  if (!parsed.ok) throw new Error(parsed.fault)
  return parsed.value
}
const faultOf = (url: string) => {
  const parsed = parseDatabaseUrl(url)
  return parsed.ok ? undefined : parsed.fault
}

describe('user, host and database', () => {
  test.each([
    ['postgres://promo:pw@db.example/shop', ['promo', 'pw', 'shop', ['db.example', 5432]]],
    ['postgresql://promo:pw@db.example:6543/shop', ['promo', 'pw', 'shop', ['db.example', 6543]]],
    ['POSTGRES://promo@db.example', ['promo', '', 'promo', ['db.example', 5432]]],
    ['postgres://db.example', ['postgres', '', 'postgres', ['db.example', 5432]]],
    ['postgres:///shop', ['postgres', '', 'shop', ['localhost', 5432]]],
    [
      'postgres://promo:p%40s%2Fs%23w%3Fx%25@db.example/a%20b',
      ['promo', 'p@s/s#w?x%', 'a b', ['db.example', 5432]],
    ],
    ['postgres://promo:p:w@db.example/shop', ['promo', 'p:w', 'shop', ['db.example', 5432]]],
    ['postgres://promo:p@w@db.example/shop', ['promo', 'p@w', 'shop', ['db.example', 5432]]],
    ['postgres://promo@[2001:db8::1]:6543/shop', ['promo', '', 'shop', ['2001:db8::1', 6543]]],
    ['postgres://promo@[::1]/shop', ['promo', '', 'shop', ['::1', 5432]]],
    ['postgres://promo@a:1,[::1]:2,c/shop', ['promo', '', 'shop', ['a', 1], ['::1', 2], ['c', 5432]]],
    ['postgres:///shop?host=/run/postgresql&user=promo', ['promo', '', 'shop', ['/run/postgresql', 5432]]],
    ['postgres://promo@%2Frun%2Fpostgresql:6543/shop', ['promo', '', 'shop', ['/run/postgresql', 6543]]],
    ['postgres://?host=a,b&port=1,2&user=u&password=p%26&dbname=d', ['u', 'p&', 'd', ['a', 1], ['b', 2]]],
    ['postgres://?host=a,b&port=7&password=p=q', ['postgres', 'p=q', 'postgres', ['a', 7], ['b', 7]]],
    ['postgres://promo:pw@a:1/x?host=b&user=u&password=p&dbname=d', ['u', 'p', 'd', ['b', 1]]],
    ['postgres://promo@a:1,b:2/shop?port=7', ['promo', '', 'shop', ['a', 7], ['b', 7]]],
    [
      'postgres://promo@localhost/shop?host=/cloudsql/a:b:c',
      ['promo', '', 'shop', ['/cloudsql/a:b:c', 5432]],
    ],
    ['postgres://?host=::1&user=promo', ['promo', '', 'promo', ['::1', 5432]]],
    ['"postgres://promo:pw@db.example/shop"', ['promo', 'pw', 'shop', ['db.example', 5432]]],
    [" 'postgres://promo:pw@db.example/shop'\n", ['promo', 'pw', 'shop', ['db.example', 5432]]],
  ])('%s', (url, [user, password, database, ...hosts]) => {
    const address = read(url)
    expect([address.user, address.password, address.database]).toEqual([user, password, database])
    expect(address.hosts.map(({ host, port }) => [host, port])).toEqual(hosts)
  })

  test.each([
    'postgres://promo:pa#ss@db.example/shop',
    'postgres://promo:pa/ss@db.example/shop',
    'postgres://promo:12/ss@db.example/shop',
    'postgres://promo:pa?ss@db.example/shop',
    'postgres://promo:pa%ss@db.example/shop',
    'postgres://promo@db.example/sh%op',
    'postgres://promo@db.example/shop?application_name=%',
    'postgres://promo@db.example/shop?=x',
  ])('%s has to be encoded, and the error does not repeat it', (url) => {
    expect(faultOf(url)).toMatch(/encoded in a URL: write % as %25/)
    expect(faultOf(url)).not.toMatch(/ss@|db\.example/)
  })

  test.each([
    'postgres://promo@db.example:port/shop',
    'postgres://promo@db.example:0/shop',
    'postgres://promo@db.example:65536/shop',
    'postgres://promo@2001:db8::1/shop',
    'postgres://promo@a,,b/shop',
    'postgres://promo@[::1/shop',
    'postgres://promo@%ff/shop',
    'postgres:///shop?port=x',
    'postgres:///shop?host=a,b,c&port=1,2',
    'postgres://promo@a/shop?port=1,2',
  ])('%s has an invalid host', (url) => {
    expect(faultOf(url)).toMatch(/must name hosts as host, host:port/)
  })

  test.each(['mysql://a/b', 'db.example', '', '"postgres://a/b', 'postgres:a'])(
    '%j is not a database URL',
    (url) => {
      expect(faultOf(url)).toMatch(/must begin with postgres:\/\//)
    },
  )
})

describe('parameters', () => {
  const given = (query: string) => read(`postgres://promo@db.example/shop?${query}`)

  test.each([
    ['', 'off'],
    ['sslmode=disable', 'off'],
    ['sslmode=allow', 'if_offered'],
    ['sslmode=prefer', 'if_offered'],
    ['sslmode=require', 'unchecked'],
    ['ssl=true', 'unchecked'],
    ['sslmode=verify-ca', 'chain'],
    ['sslmode=verify-full', 'full'],
    ['sslrootcert=/ca.pem', 'full'],
    ['sslmode=require&sslrootcert=/ca.pem', 'chain'],
    ['sslrootcert=/ca.pem&sslmode=verify-ca', 'chain'],
    ['sslmode=verify-full&sslrootcert=/ca.pem', 'full'],
    ['sslmode=require&channel_binding=require', 'full'],
    ['channel_binding=prefer', 'off'],
  ])('%s is TLS that is %s', (query, tls) => {
    expect(given(query).tls).toBe(tls)
  })

  test('each known one has its effect', () => {
    expect(
      given(
        'sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&sslnegotiation=direct&target_session_attrs=read-write' +
          '&connection_limit=3&connect_timeout=7&keepalives=1&keepalives_idle=30&schema=tracking&pgbouncer=true' +
          '&application_name=shop&options=-c%20geqo=off&pool_timeout=2&keepalives_count=5',
      ),
    ).toMatchObject({
      authority: '/ca.pem',
      certificate: '/c.pem',
      key: '/k.pem',
      directTls: true,
      wanted: 'read-write',
      connections: 3,
      connectTimeout: 7,
      keepAlive: 30,
      parameters: { search_path: 'tracking', application_name: 'shop', options: '-c geqo=off' },
      withoutEffect: ['pool_timeout', 'keepalives_count'],
    })
    expect(given('keepalives_idle=30&keepalives=0').keepAlive).toBe(false)
    expect(given('target_session_attrs=any&sslnegotiation=postgres')).toMatchObject({
      wanted: 'any',
      directTls: false,
    })
    expect(given('currentSchema=a&search_path=b').parameters).toEqual({ search_path: 'b' })
  })

  test.each([
    ['sslmode=off', /sslmode, which must be disable, allow/],
    ['ssl=maybe', /ssl, which must be true/],
    ['sslnegotiation=x', /sslnegotiation, which must be direct/],
    ['sslrootcert=', /sslrootcert, which must be the path/],
    ['sslcert=', /sslcert, which must be the path/],
    ['sslkey=', /sslkey, which must be the path/],
    ['channel_binding=x', /channel_binding, which must be/],
    ['channel_binding=require&sslmode=disable', /channel_binding=require without TLS/],
    ['target_session_attrs=standby', /since the site writes/],
    ['connection_limit=0', /connection_limit, which must be a whole number/],
    ['connect_timeout=soon', /connect_timeout, which must be seconds/],
    ['keepalives=yes', /keepalives, which must be 0 or 1/],
    ['keepalives_idle=-1', /keepalives_idle, which must be seconds/],
    ['schema=', /schema, which must be the name/],
    ['currentSchema=', /currentSchema, which must be the name/],
    ['sslmod=require', /has the parameter sslmod that is not known here/],
    ['p%20w=secret', /has a parameter that is not known here/],
    ['secret', /has a parameter that is not known here/],
  ])('%s is reported', (query, fault) => {
    expect(faultOf(`postgres://promo@db.example/shop?${query}`)).toMatch(fault)
    expect(faultOf(`postgres://promo@db.example/shop?${query}`)).not.toContain('secret')
  })
})

describe('target_session_attrs', () => {
  const wanted = (rest: string) => read(`postgres://promo@${rest}`).wanted

  test.each([
    ['a/shop', 'any'],
    ['a,b/shop', 'read-write'],
    ['/shop?host=a,b', 'read-write'],
    ['a,b/shop?target_session_attrs=any', 'any'],
    ['a,b/shop?target_session_attrs=primary', 'primary'],
    ['a/shop?target_session_attrs=read-write', 'read-write'],
  ] as const)('of %s is %s: the site writes', (rest, attributes) => {
    expect(wanted(rest)).toBe(attributes)
  })
})

test.each([
  ['schema=MySchema', '"MySchema"'],
  ['schema=my-schema', 'my-schema'],
  ['schema=%22A%22,b', '"A",b'],
  ['currentSchema=MySchema', 'MySchema'],
])('%s is the search path %s', (query, path) => {
  expect(read(`postgres://promo@db.example/shop?${query}`).parameters).toEqual({ search_path: path })
})

test('the driver gets the options of the URL, separately for each server', () => {
  const all = (query: string, host = 'db.example') => {
    const read = databaseOptions(`postgres://promo:pw@${host}/shop?${query}`)
    return read.ok ? read.value.servers : []
  }
  const options = (query: string, host?: string) => all(query, host)[0]
  expect(options('')).toEqual({
    host: ['db.example'],
    port: [5432],
    user: 'promo',
    pass: 'pw',
    database: 'shop',
    ssl: false,
    connection: {},
  })
  expect(
    options(
      'sslmode=prefer&sslnegotiation=direct&target_session_attrs=primary' +
        '&connection_limit=3&connect_timeout=7&keepalives_idle=30',
    ),
  ).toMatchObject({
    ssl: 'prefer',
    sslnegotiation: 'direct',
    max: 3,
    connect_timeout: 7,
    keep_alive: 30,
  })
  expect(options('target_session_attrs=primary')).not.toHaveProperty('target_session_attrs')
  expect(options('keepalives=0')).toMatchObject({ keep_alive: null })
  expect(options('host=/run/pg&port=6543', '')).toMatchObject({ path: '/run/pg/.s.PGSQL.6543' })
  expect(options('host=/run/pg&sslmode=verify-full', '')).toMatchObject({ ssl: false })
  expect(options('sslmode=require', '[2001:db8::1]:7')).toMatchObject({
    ssl: { rejectUnauthorized: false, host: '2001:db8::1' },
  })
  expect(all('sslmode=verify-full', 'a:6,10.0.0.1:7')).toMatchObject([
    { host: ['a'], port: [6], ssl: { rejectUnauthorized: true } },
    { host: ['10.0.0.1'], port: [7], ssl: { rejectUnauthorized: true, host: '10.0.0.1' } },
  ])
  expect(all('host=/run/pg,b&port=6,7', '')).toMatchObject([
    { path: '/run/pg/.s.PGSQL.6' },
    { host: ['b'], port: [7] },
  ])
  expect(all('host=/run/pg,b&port=6,7', '')[1]).not.toHaveProperty('path')
})
