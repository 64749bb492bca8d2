import type { RawRequest } from './running-site.ts'

/** What is recorded of a click, as far as two sites can agree on it. */
export type Row = {
  variation_id: number
  verdict: string
  reason: string
  referrer: string | null
  user_agent: string | null
  hashed: boolean
}

export type Case = RawRequest & {
  path: string
  status: number
  location?: string
  /** The verdict and reason that are recorded; nothing is recorded without. */
  recorded?: string
  /** What else is expected of the row. */
  row?: Partial<Row>
}

export const course = 'https://merchant.example/course?ref=daily&utm_source=dailybrief'
const desk = 'https://desk.example/#top'
const human = 'human none'
/** What a case is asked with that says nothing of headers. */
export const browser = {
  'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
}
const longUserAgent = browser['user-agent'].padEnd(600, ' x')
const toCourse = { status: 307, location: course }
const toDesk = { status: 307, location: desk }
const notFound = { status: 404 }
const notAllowed = { status: 405 }

export const cases: Case[] = [
  { path: '/nocodemba', ...toCourse },
  { path: '/NoCodeMBA?promo_var=42', ...toCourse, recorded: human },
  { path: '/nocodemba/', ...toCourse },
  { path: '/nocodemba/?promo_var=42', ...toCourse, recorded: human },
  { path: '/nocodemba?', ...toCourse },
  { path: '/no%63odemba?promo_var=43', ...toCourse, recorded: human, row: { variation_id: 43 } },
  { path: '/%4eocodemba', ...toCourse },
  { path: '/gone', ...notFound },
  { path: '/gone?promo_var=42', ...notFound },
  { path: '/nope', ...notFound },
  { path: '/nope/', ...notFound },
  { path: '/no.code', ...notFound },
  { path: `/${'a'.repeat(101)}`, ...notFound },
  { path: '/__proto__', ...notFound },
  { path: '/no%20code', ...notFound },
  { path: '/n%C3%B6codemba', ...notFound },
  { path: '/nocodemba?promo_var=44', ...toCourse, recorded: human, row: { variation_id: 44 } },
  { path: '/nocodemba?promo_var=42abc', ...toCourse },
  { path: '/nocodemba?promo_var=1e9', ...toCourse },
  { path: '/nocodemba?promo_var=0', ...toCourse },
  { path: '/nocodemba?promo_var=-1', ...toCourse },
  { path: '/nocodemba?promo_var=2147483648', ...toCourse },
  { path: '/nocodemba?promo_var=2147483647', ...toCourse },
  { path: '/nocodemba?promo_var=', ...toCourse },
  { path: '/nocodemba?promo_var', ...toCourse },
  { path: '/nocodemba?promo_var=%zz', ...toCourse },
  { path: '/nocodemba?promo_var=%34%32', ...toCourse, recorded: human },
  { path: '/nocodemba?%70romo_var=42', ...toCourse, recorded: human },
  { path: '/nocodemba?promo_var=42&promo_var=43', ...toCourse },
  { path: '/nocodemba?promo_var=42&promo_var=42', ...toCourse, recorded: human, row: { variation_id: 42 } },
  { path: '/nocodemba?promo_var=x&promo_var=43', ...toCourse },
  { path: '/nocodemba?a=%zz&promo_var=42', ...toCourse, recorded: human },
  ...[
    '/nocodemba).?promo_var=42',
    '/nocodemba%29.?promo_var=42',
    '/nocodemba%20?promo_var=42',
    '/nocodemba%E2%80%8B?promo_var=42',
    '/nocodemba%00?promo_var=42',
    '/nocodemba%2f?promo_var=42',
    '/-nocodemba.?promo_var=42',
    '/nocodemba%3Futm_source=newsletter&promo_var=42',
    '/nocodemba%3Futm_source=newsletter&amp;promo_var=42',
    '/nocodemba%3Fpromo_var%3D42',
    '/nocodemba&promo_var=42',
    '/nocodemba?utm_source=newsletter&amp;promo_var=42',
    '/nocodemba?utm_source=newsletter&amp;amp;promo_var=42',
    '/nocodemba?utm_source=newsletter&#38;promo_var=42',
    '/nocodemba?utm_source=newsletter&#x26;promo_var=42',
    '/nocodemba?utm_source=newsletter?promo_var=42',
    '/nocodemba?promo_var=42)',
    '/nocodemba?promo_var=42?mc_cid=x',
    '/nocodemba?PROMO_VAR=42',
    '/nocodemba?promo_var%3D42',
    '/nocodemba?promo_var=42%20',
    '/nocodemba?promo_var=42%E2%80%8B',
    '/nocodemba?promo_var=042',
    '/nocodemba?promo_var=%2042',
    '/nocodemba?promo_var=+42',
    '/nocodemba?promo_var=%2242%22',
    '/NoCodeMBA).?PROMO_VAR=42).',
  ].map((path): Case => ({ path, ...toCourse, recorded: human, row: { variation_id: 42 } })),
  { path: '/nocodemba).', ...toCourse },
  { path: '/nocodemba%20', ...toCourse },
  { path: '/nocodemba%E2%80%8B', ...toCourse },
  { path: '/nope).', ...notFound },
  { path: '/nocodemba?promo_var=1.5', ...toCourse },
  { path: '/nocodemba?promo_var=00', ...toCourse },
  { path: '/nocodemba?promo_var=0x2a', ...toCourse },
  { path: '/nocodemba?promo_var=3D42', ...toCourse },
  { path: '/nocodemba?promo_var==3D42', ...toCourse },
  { path: '/nocodemba?promo_var=50', ...toCourse },
  { path: '/quietdesk?promo_var=42', ...toDesk },
  { path: '/quietdesk?promo_var=60', ...toDesk, recorded: human, row: { variation_id: 60 } },
  { path: '/nocodemba?promo_var=60', ...toCourse, recorded: human, row: { variation_id: 60 } },
  { path: '/nocodemba?promo_var=999', ...toCourse },
  { path: '/nocodemba?promo_var=42', method: 'HEAD', ...toCourse },
  { path: '/nope', method: 'HEAD', ...notFound },
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].flatMap((method): Case[] => [
    {
      path: '/nocodemba?promo_var=42',
      method,
      headers: { 'content-type': 'application/json' },
      ...notAllowed,
    },
    { path: '/nope', method, headers: { 'content-type': 'application/json' }, ...notFound },
  ]),
  { path: '/nocodemba?utm_source=mine&utm_term=x', ...toCourse },
  {
    path: '/quietdesk?utm_source=mail&mtm_kwd=a%26b&x=1&promo_var=50',
    status: 307,
    location: 'https://desk.example/?utm_source=mail&mtm_kwd=a%26b#top',
    recorded: human,
    row: { variation_id: 50 },
  },
  {
    path: '/quietdesk?utm_source=%0d%0aset-cookie:a',
    status: 307,
    location: 'https://desk.example/?utm_source=%0d%0aset-cookie:a#top',
  },
  { path: '/quietdesk?utm_source=%zz', status: 307, location: 'https://desk.example/?utm_source=%zz#top' },
  {
    path: '/search?utm_term=x%2fy&promo_var=42',
    status: 307,
    location:
      "https://merchant.example/s?q=caf%E9&12345&sig=a:/,;'()*%2f&id=!!!id!!!&utm_source=x%20y&utm_term=x%2fy#a%20b",
  },
  ...Object.entries({
    'sec-purpose': 'prefetch',
    purpose: 'prefetch',
    'x-purpose': 'preview',
    'x-moz': 'prefetch',
  }).map(
    ([name, value]): Case => ({
      path: '/nocodemba?promo_var=42',
      headers: { ...browser, [name]: value },
      ...toCourse,
      recorded: 'machine prefetch',
    }),
  ),
  {
    path: '/nocodemba?promo_var=42',
    headers: { 'user-agent': 'Googlebot/2.1' },
    ...toCourse,
    recorded: 'machine self_declared',
    row: { user_agent: 'Googlebot/2.1' },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: browser,
    ...toCourse,
    recorded: human,
    row: { user_agent: browser['user-agent'], hashed: true },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: {},
    ...toCourse,
    recorded: 'human no_user_agent',
    row: { user_agent: null },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { ...browser, 'x-forwarded-for': '83.246.65.1' },
    ...toCourse,
    recorded: 'machine scanner_network',
    row: { hashed: true },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { 'user-agent': `${browser['user-agent']} Proofpoint` },
    ...toCourse,
    recorded: 'machine mail_gateway',
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: {
      'user-agent':
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
        'Chrome/42.0.2311.135 Safari/537.36 Edge/12.246',
    },
    ...toCourse,
    recorded: 'human stale_user_agent',
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { 'user-agent': longUserAgent },
    ...toCourse,
    recorded: human,
    row: { user_agent: longUserAgent.slice(0, 500) },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { 'user-agent': `${browser['user-agent']} caf\u00e9 \u00ff` },
    ...toCourse,
    recorded: human,
    row: { user_agent: `${browser['user-agent']} caf\u00e9 \u00ff` },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { ...browser, referer: 'https://mail.example/inbox?ann@example.org' },
    ...toCourse,
    recorded: human,
    row: { referrer: 'mail.example' },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { ...browser, referer: '\u00ff\u00fe%zz' },
    ...toCourse,
    recorded: human,
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { ...browser, 'sec-gpc': '1', referer: 'https://mail.example/' },
    ...toCourse,
    recorded: human,
    row: { referrer: null, user_agent: null, hashed: false },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { ...browser, dnt: '1', referer: 'https://mail.example/' },
    ...toCourse,
    recorded: human,
    row: { referrer: null, user_agent: null, hashed: false },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { ...browser, dnt: '0' },
    ...toCourse,
    recorded: human,
    row: { hashed: true },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { ...browser, 'x-forwarded-for': '203.0.113.7' },
    ...toCourse,
    recorded: human,
    row: { hashed: true },
  },
  {
    path: '/nocodemba?promo_var=42',
    headers: { ...browser, origin: 'https://elsewhere.example' },
    ...toCourse,
    recorded: human,
  },
]
