import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { describeConfigFaults, readConfig, settingExamples } from '../../src/lib/settings/config.ts'

type Environment = Record<string, string>

/** The value of one setting; undefined if the environment is invalid or the setting has no default. */
function settingOf(environment: Environment, name: string): unknown {
  const config = readConfig(environment)
  return config.ok ? Object.entries(config.value).find(([setting]) => setting === name)?.[1] : config
}

const faultsOf = (environment: Environment): [string, string][] => {
  const config = readConfig(environment)
  return config.ok ? [] : config.fault.map(({ setting, fault }) => [setting, fault])
}

const long = 'x'.repeat(40)
const unset = undefined

/** Each setting: its default, valid values and what they become, invalid values and their errors. */
const settings: [name: string, preset: unknown, good: [string, unknown][], bad: [string, RegExp][]][] = [
  [
    'HOST',
    '127.0.0.1',
    [
      ['::1', '::1'],
      ['my-host.example', 'my-host.example'],
    ],
    [['a b', /address or a host name/]],
  ],
  [
    'PORT',
    4321,
    [
      ['0', 0],
      ['65535', 65535],
      ['8080', 8080],
    ],
    [
      ['65536', /at most 65535/],
      ['-1', /whole number/],
      ['80a', /whole number/],
      ['1e3', /whole number/],
    ],
  ],
  [
    'SITE_URL',
    'http://localhost:4321',
    [
      ['https://www.example.com/', 'https://www.example.com'],
      ['http://localhost:80', 'http://localhost'],
      ['https://EXAMPLE.com:8443', 'https://example.com:8443'],
    ],
    [
      ['ftp://example.com', /http/],
      ['nonsense', /http/],
      ['https://example.com/path', /without a path/],
      ['https://example.com?a', /without a path/],
      ['https://me:word@example.com', /without a path/],
    ],
  ],
  [
    'DATABASE_URL',
    unset,
    [
      ['postgres://a:b@c/d', 'postgres://a:b@c/d'],
      ['postgresql://c/d', 'postgresql://c/d'],
    ],
    [
      ['mysql://a/b', /postgres/],
      ['127.0.0.1', /postgres/],
      ['postgres://a:b#c@d/e', /write % as %25/],
      ['postgres://a/b?sslmod=require', /sslmod that is not known/],
    ],
  ],
  ['PROMO_DATABASE_CA', unset, [['ca.pem', resolve('ca.pem')]], []],
  [
    'PROMO_DATA_DIR',
    resolve('.data'),
    [
      ['/var/promo', '/var/promo'],
      ['here', resolve('here')],
    ],
    [],
  ],
  [
    'PROMO_JOURNAL_SYNC',
    'write',
    [
      ['fsync', 'fsync'],
      ['write', 'write'],
    ],
    [['FSYNC', /one of write, fsync/]],
  ],
  [
    'PROMO_JOURNAL_MAX_MB',
    1024,
    [['1', 1]],
    [
      ['0', /at least 1/],
      ['1000001', /at most/],
      ['1.5', /whole number/],
    ],
  ],
  [
    'PROMO_JOURNAL_KEEP_MINUTES',
    10,
    [
      ['0', 0],
      ['1440', 1440],
    ],
    [
      ['1441', /at most/],
      ['-1', /whole number/],
    ],
  ],
  [
    'PROMO_BUFFER_MAX_EVENTS',
    200_000,
    [['1000', 1000]],
    [
      ['999', /at least 1000/],
      ['10000001', /at most/],
    ],
  ],
  [
    'PROMO_UNCHECKED_MAX',
    100_000,
    [['100', 100]],
    [
      ['99', /at least 100/],
      ['10000001', /at most/],
    ],
  ],
  [
    'PROMO_FLOOD_PER_MINUTE',
    120,
    [['1', 1]],
    [
      ['0', /at least 1/],
      ['1000000001', /at most/],
    ],
  ],
  [
    'PROMO_DUPLICATE_SECONDS',
    10,
    [
      ['0', 0],
      ['3600', 3600],
    ],
    [
      ['3601', /at most/],
      ['1.5', /whole number/],
    ],
  ],
  [
    'PROMO_VISITORS_PER_ADDRESS',
    5,
    [
      ['1', 1],
      ['1000', 1000],
    ],
    [
      ['0', /at least 1/],
      ['1001', /at most/],
    ],
  ],
  ['PROMO_SCANNER_NETWORKS', unset, [['networks.json', resolve('networks.json')]], []],
  [
    'PROMO_JWT_SECRET',
    unset,
    [[long, long]],
    [
      ['x'.repeat(31), /at least 32 characters/],
      [`${long} `, /without spaces/],
      [`${long}ä`, /ASCII/],
    ],
  ],
  [
    'PROMO_JWKS_URL',
    unset,
    [['https://a.example/keys', 'https://a.example/keys']],
    [['file:///keys', /http/]],
  ],
  [
    'PROMO_LINKS',
    'table',
    [
      ['strapi', 'strapi'],
      ['both', 'both'],
    ],
    [['cms', /one of table, strapi, both/]],
  ],
  [
    'PROMO_STRAPI_URL',
    unset,
    [
      ['https://cms.example.com', 'https://cms.example.com'],
      ['http://127.0.0.1:1337/cms/', 'http://127.0.0.1:1337/cms'],
    ],
    [
      ['cms.example.com', /begin with https/],
      ['https://me:word@cms.example.com', /no user, query or fragment/],
      ['https://cms.example.com?x', /no user, query or fragment/],
      ['https://cms.example.com/api/', /must not end with \/api/],
    ],
  ],
  [
    'PROMO_STRAPI_TOKEN',
    unset,
    [['x'.repeat(16), 'x'.repeat(16)]],
    [['x'.repeat(15), /at least 16 characters/]],
  ],
  [
    'PROMO_STRAPI_TYPE',
    'affiliate-links',
    [['links', 'links']],
    [
      ['api::link.link', /plural API ID/],
      ['../users', /plural API ID/],
    ],
  ],
  [
    'PROMO_STRAPI_FIELDS',
    'slug:slug,destination:destination_url,active:active',
    [['slug:a,destination:b', 'slug:a,destination:b']],
    [
      ['slug:a', /which field is the destination/],
      ['slug:a,destination', /pairs such as slug:field/],
    ],
  ],
  [
    'PROMO_STRAPI_WEBHOOK_SECRET',
    unset,
    [['x'.repeat(16), 'x'.repeat(16)]],
    [['x'.repeat(15), /at least 16 characters/]],
  ],
  ['PROMO_STRAPI_OFFERS_TYPE', unset, [['offers', 'offers']], [['api::offer.offer', /plural API ID/]]],
  [
    'PROMO_STRAPI_OFFERS_FIELDS',
    'name:name,offer_type:offer_type,link_slug:link_slug,weight:weight,active:active,variations:variations,' +
      'text_content:text_content,cta_text:cta_text,tone:tone,length_category:length_category,approved:approved',
    [['name:a,link_slug:b,variations:c,text_content:d', 'name:a,link_slug:b,variations:c,text_content:d']],
    [
      ['name:a', /which field is the link_slug/],
      [
        'name:a,utm:b',
        /must have only name, link_slug, variations, text_content, offer_type.*approved before/,
      ],
    ],
  ],
  [
    'PROMO_MATOMO_URL',
    unset,
    [
      ['https://m.example/matomo//', 'https://m.example/matomo'],
      ['http://10.0.0.1:8080', 'http://10.0.0.1:8080'],
    ],
    [
      ['m.example', /must begin with/],
      ['https://m.example/?a', /no user, query/],
      ['https://m.example/matomo.php', /must not end with matomo.php/],
      ['https://m.example/piwik.php/', /must not end with matomo.php/],
    ],
  ],
  [
    'PROMO_MATOMO_SITE_ID',
    unset,
    [['42', 42]],
    [
      ['0', /the id of a site/],
      ['1e3', /the id of a site/],
    ],
  ],
  ['PROMO_MATOMO_TOKEN', unset, [[long, long]], [['x'.repeat(15), /at least 16 characters/]]],
  [
    'PROMO_MATOMO_DIMENSIONS',
    unset,
    [['text:2,offer:1', 'text:2,offer:1']],
    [
      ['text', /must be WORD:ID/],
      ['text:1,send:1', /each id of a custom dimension once/],
    ],
  ],
  [
    'PROMO_MAUTIC_URL',
    unset,
    [['https://m.example/mautic//', 'https://m.example/mautic']],
    [
      ['m.example', /must begin with/],
      ['https://u:p@m.example', /no user, query/],
      ['https://m.example/api/', /must not end with \/api/],
    ],
  ],
  ['PROMO_MAUTIC_USER', unset, [['ann lee', 'ann lee']], [['a:b', /without a colon/]]],
  ['PROMO_MAUTIC_PASSWORD', unset, [[' ä:', ' ä:']], []],
  ['PROMO_MAUTIC_CLIENT_ID', unset, [['1_a', '1_a']], [['a b', /printable ASCII/]]],
  ['PROMO_MAUTIC_CLIENT_SECRET', unset, [[long, long]], [['x'.repeat(15), /at least 16 characters/]]],
  [
    'PROMO_MAUTIC_EMAIL_NAMES',
    unset,
    [
      ['{send}', '{send}'],
      ['* Daily – *{send}* *', '* Daily – *{send}* *'],
      [`{send}${'x'.repeat(194)}`, `{send}${'x'.repeat(194)}`],
    ],
    [
      ['Daily', /must have \{send\} once/],
      ['{send}{send}', /must have \{send\} once/],
      ['*****{send}', /at most 4 stars/],
      [`{send}${'x'.repeat(195)}`, /at most 200 characters/],
    ],
  ],
  [
    'PROMO_MAUTIC_EVERY_MINUTES',
    0,
    [
      ['0', 0],
      ['1440', 1440],
    ],
    [
      ['1441', /at most 1440/],
      ['x', /whole number/],
    ],
  ],
  ['PROMO_WEBHOOK_ADDRESSES', 'public', [['any', 'any']], [['private', /one of public, any/]]],
  ['PROMO_JWT_ISSUER', unset, [['me', 'me']], []],
  ['PROMO_JWT_AUDIENCE', unset, [['you', 'you']], []],
  [
    'PROMO_INGEST_TOKEN',
    unset,
    [['x'.repeat(16), 'x'.repeat(16)]],
    [
      ['x'.repeat(15), /at least 16 characters/],
      [`${long}\t`, /without spaces/],
    ],
  ],
  ['PROMO_OWN_NETWORKS', unset, [], [['10.0.0.0/33', /addresses or CIDR/]]],
  [
    'PROMO_TRUSTED_PROXIES',
    unset,
    [],
    [
      ['10.0.0.0/33', /addresses or CIDR/],
      ['proxy.example', /addresses or CIDR/],
      ['127.0.0.1,', /addresses or CIDR/],
    ],
  ],
  [
    'PROMO_CLIENT_ADDRESS_HEADER',
    'x-forwarded-for',
    [
      ['X-Real-IP', 'x-real-ip'],
      ['forwarded', 'forwarded'],
    ],
    [
      ['X-Real-IP:', /name of a header/],
      ['x real ip', /name of a header/],
    ],
  ],
  [
    'PROMO_SELECTION',
    'weighted',
    [
      ['ctr_weighted', 'ctr_weighted'],
      ['thompson', 'thompson'],
    ],
    [['random', /one of weighted, ctr_weighted, thompson/]],
  ],
  ['PROMO_SELECTION_GOAL', 'clicks', [['revenue', 'revenue']], [['fame', /one of clicks, revenue/]]],
  ['PROMO_SELECTION_CURRENCY', unset, [['USD', 'USD']], [['euro', /three capital letters/]]],
  [
    'PROMO_SELECTION_FLOOR',
    5,
    [
      ['0', 0],
      ['100', 100],
    ],
    [
      ['101', /at most 100/],
      ['5.5', /whole number/],
    ],
  ],
  ['PROMO_VARIETY_OFFER_GAP', 1, [['0', 0]], [['101', /at most 100/]]],
  ['PROMO_VARIETY_OFFER_SENDS', 5, [['1000', 1000]], [['0', /at least 1/]]],
  ['PROMO_VARIETY_WINDOW', 14, [['1', 1]], [['0', /at least 1/]]],
  ['PROMO_VARIETY_VARIATION_GAP', 2, [['0', 0]], [['-1', /whole number/]]],
  [
    'PROMO_RETAIN_DETAILS_DAYS',
    30,
    [
      ['1', 1],
      ['3650', 3650],
    ],
    [
      ['0', /at least 1/],
      ['3651', /at most/],
    ],
  ],
  [
    'PROMO_OBSERVATION_MINUTES',
    15,
    [
      ['1', 1],
      ['720', 720],
    ],
    [
      ['0', /at least 1/],
      ['721', /at most/],
    ],
  ],
  [
    'PROMO_RETAIN_EVENTS_MONTHS',
    13,
    [['1200', 1200]],
    [
      ['0', /at least 1/],
      ['1201', /at most/],
    ],
  ],
  [
    'PROMO_WORKERS',
    1,
    [
      ['2', 2],
      ['64', 64],
    ],
    [
      ['0', /at least 1/],
      ['65', /at most 64/],
      ['auto', /whole number from 1 to 64/],
    ],
  ],
  [
    'PROMO_LOG_LEVEL',
    'info',
    [
      ['silent', 'silent'],
      ['trace', 'trace'],
    ],
    [['verbose', /one of fatal/]],
  ],
]

/** The other settings that a setting needs to be valid. */
const needed: Record<string, Record<string, string>> = {
  PROMO_LINKS: { PROMO_STRAPI_URL: 'https://cms.example.com' },
  PROMO_STRAPI_URL: { PROMO_LINKS: 'strapi' },
  PROMO_STRAPI_OFFERS_TYPE: { PROMO_STRAPI_URL: 'https://cms.example.com' },
  PROMO_STRAPI_OFFERS_FIELDS: {
    ...{ PROMO_STRAPI_URL: 'https://cms.example.com', PROMO_STRAPI_OFFERS_TYPE: 'offers' },
  },
  PROMO_MATOMO_URL: { PROMO_MATOMO_SITE_ID: '1', PROMO_MATOMO_TOKEN: long },
  PROMO_MATOMO_SITE_ID: { PROMO_MATOMO_URL: 'https://m.example', PROMO_MATOMO_TOKEN: long },
  PROMO_MATOMO_TOKEN: { PROMO_MATOMO_URL: 'https://m.example', PROMO_MATOMO_SITE_ID: '1' },
  PROMO_MATOMO_DIMENSIONS: {
    ...{ PROMO_MATOMO_URL: 'https://m.example', PROMO_MATOMO_SITE_ID: '1', PROMO_MATOMO_TOKEN: long },
  },
  PROMO_MAUTIC_URL: { PROMO_MAUTIC_USER: 'u', PROMO_MAUTIC_PASSWORD: 'p' },
  PROMO_MAUTIC_USER: { PROMO_MAUTIC_URL: 'https://m.example', PROMO_MAUTIC_PASSWORD: 'p' },
  PROMO_MAUTIC_PASSWORD: { PROMO_MAUTIC_URL: 'https://m.example', PROMO_MAUTIC_USER: 'u' },
  PROMO_MAUTIC_CLIENT_ID: { PROMO_MAUTIC_URL: 'https://m.example', PROMO_MAUTIC_CLIENT_SECRET: long },
  PROMO_MAUTIC_CLIENT_SECRET: { PROMO_MAUTIC_URL: 'https://m.example', PROMO_MAUTIC_CLIENT_ID: '1_a' },
  PROMO_MAUTIC_EMAIL_NAMES: {
    ...{ PROMO_MAUTIC_URL: 'https://m.example', PROMO_MAUTIC_USER: 'u', PROMO_MAUTIC_PASSWORD: 'p' },
  },
  PROMO_MAUTIC_EVERY_MINUTES: {
    ...{ PROMO_MAUTIC_URL: 'https://m.example', PROMO_MAUTIC_USER: 'u', PROMO_MAUTIC_PASSWORD: 'p' },
  },
  PROMO_SELECTION_CURRENCY: { PROMO_SELECTION_GOAL: 'revenue' },
  PROMO_JWKS_URL: { PROMO_JWT_ISSUER: 'me' },
  PROMO_CLIENT_ADDRESS_HEADER: { PROMO_TRUSTED_PROXIES: '10.0.0.1' },
}

describe.each(settings)('%s', (name, preset, good, bad) => {
  test('has its default if it is unset or empty', () => {
    expect(settingOf({}, name)).toEqual(preset)
    expect(settingOf({ [name]: '' }, name)).toEqual(preset)
  })

  test('accepts valid values, including its example', () => {
    const beside = needed[name] ?? {}
    for (const [given, value] of good) expect(settingOf({ ...beside, [name]: given }, name)).toBe(value)
    expect(faultsOf({ ...beside, [name]: settingExamples[name] ?? '' })).toEqual([])
  })

  test('refuses invalid ones, without repeating them', () => {
    for (const [given, fault] of bad) {
      const faults = faultsOf({ [name]: given })
      expect(faults.map(([setting]) => setting)).toContain(name)
      expect(faults[0]).toEqual([name, expect.stringMatching(fault)])
      const config = readConfig({ [name]: `${given}#secret` })
      if (!config.ok) expect(describeConfigFaults(config.fault)).not.toContain('secret')
    }
  })
})

test('every setting is in the table above', () => {
  expect(settings.map(([name]) => name).sort()).toEqual(Object.keys(settingExamples).sort())
})

test('trusted proxies become a list that addresses are checked against', () => {
  const config = readConfig({ PROMO_TRUSTED_PROXIES: '192.0.2.1, 10.0.0.0/8,2001:db8::/32' })
  const proxies = config.ok ? config.value.PROMO_TRUSTED_PROXIES : undefined
  expect(proxies?.check('10.1.2.3')).toBe(true)
  expect(proxies?.check('2001:db8::7', 'ipv6')).toBe(true)
  expect(proxies?.check('192.0.2.2')).toBe(false)
})

test('an origin without a scheme is not said to have a path', () => {
  const fault = expect.stringContaining('must begin with https:// or http://')
  expect(faultsOf({ SITE_URL: 'www.example.com' })).toEqual([['SITE_URL', fault]])
})

test('the public origin follows the port', () => {
  expect(settingOf({ PORT: '8080' }, 'SITE_URL')).toBe('http://localhost:8080')
})

test('keys of another back end need an audience or an issuer', () => {
  const url = { PROMO_JWKS_URL: 'https://auth.example.com/keys' }
  for (const given of [url, { ...url, PROMO_JWT_AUDIENCE: '' }, { ...url, PORT: 'x' }])
    expect(faultsOf(given)).toContainEqual([
      'PROMO_JWKS_URL',
      expect.stringContaining('needs PROMO_JWT_AUDIENCE or PROMO_JWT_ISSUER to be set too'),
    ])
  expect(faultsOf({ ...url, PORT: 'x' })).toHaveLength(2)
  expect(faultsOf({ ...url, PROMO_JWT_AUDIENCE: 'promo' })).toEqual([])
  expect(faultsOf({ ...url, PROMO_JWT_ISSUER: 'auth' })).toEqual([])
})

test('links from Strapi need its address, and an address needs a use', () => {
  for (const from of ['strapi', 'both'])
    expect(faultsOf({ PROMO_LINKS: from })).toEqual([
      ['PROMO_LINKS', expect.stringContaining('needs PROMO_STRAPI_URL to be set too')],
    ])
  const url = { PROMO_STRAPI_URL: 'https://cms.example.com' }
  for (const given of [url, { ...url, PROMO_LINKS: 'table' }])
    expect(faultsOf(given)).toEqual([['PROMO_STRAPI_URL', expect.stringContaining('has no effect')]])
  expect(faultsOf({ ...url, PROMO_LINKS: 'both' })).toEqual([])
})

test('offers from Strapi need its address, and are a use for it; their fields need a type', () => {
  const offers = { PROMO_STRAPI_OFFERS_TYPE: 'offers' }
  expect(faultsOf(offers)).toEqual([
    ['PROMO_STRAPI_OFFERS_TYPE', expect.stringContaining('needs PROMO_STRAPI_URL to be set too')],
  ])
  expect(faultsOf({ ...offers, PROMO_STRAPI_URL: 'https://cms.example.com' })).toEqual([])
  const fields = { PROMO_STRAPI_OFFERS_FIELDS: 'name:a,link_slug:b,variations:c,text_content:d' }
  expect(faultsOf(fields)).toEqual([['PROMO_STRAPI_OFFERS_FIELDS', expect.stringContaining('has no effect')]])
})

test('Matomo needs an address, a site and a token, or none of them', () => {
  const missing = (name: string) => [name, expect.stringContaining('is missing')]
  const [url, site] = [{ PROMO_MATOMO_URL: 'https://m.example' }, { PROMO_MATOMO_SITE_ID: '1' }]
  expect(faultsOf(url)).toEqual([missing('PROMO_MATOMO_SITE_ID'), missing('PROMO_MATOMO_TOKEN')])
  expect(faultsOf({ ...url, ...site })).toEqual([missing('PROMO_MATOMO_TOKEN')])
  expect(faultsOf({ PROMO_MATOMO_DIMENSIONS: 'offer:1' })).toHaveLength(3)
  expect(faultsOf({ ...url, ...site, PROMO_MATOMO_TOKEN: long })).toEqual([])
})

test('Mautic needs an address and one login', () => {
  const missing = (name: string) => [name, expect.stringContaining('is missing')]
  const url = { PROMO_MAUTIC_URL: 'https://m.example' }
  const user = { PROMO_MAUTIC_USER: 'u', PROMO_MAUTIC_PASSWORD: 'p' }
  expect(faultsOf(url)).toEqual([missing('PROMO_MAUTIC_USER')])
  expect(faultsOf({ PROMO_MAUTIC_EVERY_MINUTES: '5' })).toEqual([
    missing('PROMO_MAUTIC_URL'),
    missing('PROMO_MAUTIC_USER'),
  ])
  expect(faultsOf({ ...url, PROMO_MAUTIC_USER: 'u' })).toEqual([missing('PROMO_MAUTIC_PASSWORD')])
  expect(faultsOf({ ...url, PROMO_MAUTIC_CLIENT_ID: '1_a' })).toEqual([missing('PROMO_MAUTIC_CLIENT_SECRET')])
  expect(faultsOf({ ...url, ...user, PROMO_MAUTIC_CLIENT_ID: '1_a' })).toEqual([
    ['PROMO_MAUTIC_CLIENT_ID', expect.stringContaining('a second login')],
  ])
  expect(faultsOf({ ...url, ...user })).toEqual([])
})

test('a proxy header is trusted from named proxies only', () => {
  const header = { PROMO_CLIENT_ADDRESS_HEADER: 'X-Real-IP' }
  expect(faultsOf(header)).toEqual([
    ['PROMO_CLIENT_ADDRESS_HEADER', expect.stringContaining('needs PROMO_TRUSTED_PROXIES to be set too')],
  ])
})

test('all errors are reported together, each with its name and an example', () => {
  const config = readConfig({
    PORT: 'x',
    DATABASE_URL: 'secret://secret',
    PROMO_SELECTION: 'secret',
    HOME: '/root',
  })
  expect(config.ok).toBe(false)
  const text = config.ok ? '' : describeConfigFaults(config.fault)
  expect(text.split('\n')).toEqual([
    'These settings are not valid:',
    '  PORT must be a whole number from 0 to 65535, for example PORT=4321',
    expect.stringMatching(
      /^ {2}DATABASE_URL must begin with postgres:\/\/ or postgresql:\/\/, for example DATABASE_URL=postgres:/,
    ),
    expect.stringMatching(
      /^ {2}PROMO_SELECTION must be one of weighted, ctr_weighted, thompson, for example PROMO_SELECTION=/,
    ),
  ])
  expect(text).not.toContain('secret')
})
