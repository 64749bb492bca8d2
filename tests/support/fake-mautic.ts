import type { IncomingMessage, ServerResponse } from 'node:http'
import { type FakeStrapi, sendJson, startFakeStrapi } from './fake-strapi.ts'

export type FakeEmail = {
  name?: string
  sentCount: number
  variantSentCount?: number
  customHtml?: string | null
  plainText?: string | null
  dynamicContent?: unknown
  publishUp?: string | null
  variantParent?: number
  variantChildren?: number[]
  translationChildren?: number[]
}

export type FakeMautic = Pick<FakeStrapi, 'url' | 'start' | 'stop' | 'requests'> & {
  emails: Map<number, FakeEmail>
  /** Instead of answering, where it is set. */
  instead: FakeStrapi['answer'] | undefined
  /** Access tokens that are good. */
  tokens: Set<string>
}

export const login = { kind: 'user', user: 'promo', password: 'a password: ä' } as const
export const client = { kind: 'client', id: '1_abc', secret: 'a-secret-of-the-client' } as const

/** An error as Mautic words it. */
export const sendMauticError = (
  response: ServerResponse,
  status: number,
  message: string,
  headers = {},
  type: string | null = null,
): void => sendJson(response, status, { errors: [{ message, code: status, type }] }, headers)

/** Mautic's REST API for e-mails as its documentation shows it, with HTTP basic auth and OAuth 2 client credentials. */
export async function startFakeMautic(emails: Record<number, FakeEmail> = {}): Promise<FakeMautic> {
  const basic = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`
  const server = await startFakeStrapi((request, response) => {
    if (fake.instead) fake.instead(request, response)
    else if (request.url === '/oauth/v2/token') giveToken(fake, request, response)
    else if (
      ![basic, ...[...fake.tokens].map((token) => `Bearer ${token}`)].includes(
        `${request.headers.authorization}`,
      )
    )
      sendMauticError(response, 401, 'The access token provided is invalid.', {}, 'invalid_grant')
    else answer(fake.emails, new URL(request.url ?? '', 'http://mautic'), response)
  })
  const fake: FakeMautic = Object.assign(server, {
    emails: new Map(Object.entries(emails).map(([id, email]) => [Number(id), email] as const)),
    instead: undefined,
    tokens: new Set<string>(),
  })
  return fake
}

function giveToken(fake: FakeMautic, request: IncomingMessage, response: ServerResponse): void {
  let body = ''
  request.on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    const given = new URLSearchParams(body)
    const good =
      given.get('grant_type') === 'client_credentials' &&
      given.get('client_id') === client.id &&
      given.get('client_secret') === client.secret
    if (!good)
      return sendMauticError(response, 400, 'The client credentials are invalid', {}, 'invalid_client')
    const token = `token-${fake.tokens.size + 1}`
    fake.tokens.add(token)
    sendJson(response, 200, { access_token: token, expires_in: 3600, token_type: 'bearer', scope: null })
  })
}

function answer(emails: FakeMautic['emails'], url: URL, response: ServerResponse): void {
  const id = /^\/api\/emails\/(\d+)$/.exec(url.pathname)?.[1]
  const email = emails.get(Number(id))
  if (id !== undefined && email) sendJson(response, 200, { email: shown(Number(id), email, emails) })
  else if (url.pathname === '/api/emails') sendJson(response, 200, listed(emails, url.searchParams))
  else sendMauticError(response, 404, 'Item was not found.')
}

function listed(emails: FakeMautic['emails'], query: URLSearchParams) {
  const parents = [...emails]
    .filter(([, email]) => email.variantParent === undefined)
    .toSorted(([a], [b]) => b - a)
  const page = parents.slice(0, Number(query.get('limit') ?? 30))
  // Mautic keys them by id, and PHP writes an empty object of them as a list.
  const rows = page.map(([id, { name = `e-mail ${id}` }]) => [
    id,
    { id, name, subject: 'News', language: 'en' },
  ])
  return { total: parents.length, emails: rows.length === 0 ? [] : Object.fromEntries(rows) }
}

const related = (ids: readonly number[] = [], emails: FakeMautic['emails']) =>
  Object.fromEntries(
    ids.map((id) => [id, { id, name: emails.get(id)?.name ?? '', subject: 'News', language: 'en' }]),
  )

const shown = (id: number, email: FakeEmail, emails: FakeMautic['emails']) => ({
  isPublished: true,
  dateAdded: '2026-11-18T08:00:00+00:00',
  createdBy: 1,
  createdByUser: 'John Doe',
  id,
  name: email.name ?? `e-mail ${id}`,
  subject: 'News',
  language: 'en',
  category: null,
  utmTags: { utmSource: null, utmMedium: null, utmCampaign: null, utmContent: null },
  customHtml: email.customHtml ?? null,
  plainText: email.plainText ?? null,
  template: 'blank',
  emailType: 'list',
  publishUp: email.publishUp ?? null,
  publishDown: null,
  readCount: 0,
  sentCount: email.sentCount,
  revision: 1,
  assetAttachments: [],
  variantStartDate: null,
  variantSentCount: email.variantSentCount ?? 0,
  variantReadCount: 0,
  variantParent: email.variantParent === undefined ? null : { id: email.variantParent, name: 'parent' },
  variantChildren: email.variantChildren ? related(email.variantChildren, emails) : [],
  translationParent: null,
  translationChildren: email.translationChildren ? related(email.translationChildren, emails) : [],
  unsubscribeForm: null,
  dynamicContent: email.dynamicContent ?? [],
  lists: [{ id: 256, name: 'readers', alias: 'readers' }],
})
