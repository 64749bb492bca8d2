import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTestDatabase } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { steadyPort } from '../support/steady-port.ts'
import { type State, type StrapiUnderTest, token } from './cases.ts'
import { listen, type Recording, sendWebhook, writeRecording } from './recorded.ts'

/** Where `run.mts` has installed it. */
const folder = join(import.meta.dirname, '..', '..', 'test-output', 'strapi')
const schemaFile = join(folder, 'src/api/affiliate-link/content-types/affiliate-link/schema.json')

/** The collection types of `app`. */
type Kind = 'affiliate-link' | 'promo-offer' | 'promo-text'

/** A real Strapi on a database of its own; its answers and output are recorded. */
export async function openReal(webhook: () => string): Promise<StrapiUnderTest> {
  const database = await createTestDatabase({ empty: true })
  const port = await steadyPort()
  const url = `http://127.0.0.1:${port}`
  let recording: Recording = { answers: {}, webhooks: [] }
  let reached: State = 'first'
  let child: ChildProcess | undefined

  const hook = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const event = `${request.headers['x-strapi-event']}`
    response.end()
    // Until then there is no site to notify.
    if (reached === 'first') return
    recording.webhooks.push({ event, body })
    await sendWebhook(webhook(), event, body)
  })
  hook.listen(0, '127.0.0.1')
  await once(hook, 'listening')
  const address = hook.address()
  const hookPort = typeof address === 'object' && address ? address.port : 0

  const start = async () => {
    child = spawn(process.execPath, ['node_modules/@strapi/strapi/bin/strapi.js', 'start'], {
      cwd: folder,
      env: {
        ...processEnvironment,
        STRAPI_DATABASE_URL: database.url,
        STRAPI_PORT: String(port),
        STRAPI_TOKEN: token,
        STRAPI_WEBHOOK_URL: `http://127.0.0.1:${hookPort}/`,
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    for (;;) {
      const health = await fetch(`${url}/_health`).catch(() => undefined)
      if (health?.status === 204) return
      if (child.exitCode !== null) throw new Error('Strapi did not start')
      await sleep(100)
    }
  }
  const stop = async () => {
    if (!child || child.exitCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
  const edit = async (kind: Kind, method: string, options: object) => {
    const answer = await fetch(`${url}/editor`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: `api::${kind}.${kind}`, method, options }),
    })
    if (!answer.ok) throw new Error(`${method}: ${await answer.text()}`)
    const { done }: { done: { documentId: string } } = JSON.parse(await answer.text())
    return done?.documentId
  }
  const documents = new Map<string, string>()
  /** Makes an entry, which is found by its name from then on. */
  const create = async (kind: Kind, name: string, data: object, status = 'published') => {
    documents.set(name, await edit(kind, 'create', { data, status }))
  }
  const entryOf = (name: string) => ({ documentId: documents.get(name) })
  const change = (kind: Kind, name: string, data: object) =>
    edit(kind, 'update', { ...entryOf(name), data, status: 'published' })

  const createLink = (slug: string, more: object = {}, status = 'published') => {
    const destination_url = `https://merchant.example/${slug.replace('link-', '')}`
    return create('affiliate-link', slug, { slug, destination_url, ...more }, status)
  }
  const createOffer = async (name: string, link_slug: string, texts: string[], status = 'published') => {
    for (const text of texts) await create('promo-text', text, { text })
    const related = texts.map((text) => documents.get(text))
    await create('promo-offer', name, { name, link_slug, weight: 2, texts: related }, status)
  }
  const lead = (slug: string, destination_url: string) => change('affiliate-link', slug, { destination_url })

  const steps: Record<State, () => Promise<unknown>> = {
    async first() {
      await start()
      await createLink('link-1', { utm: { utm_source: 'strapi' } })
      for (let index = 2; index <= 130; index += 1) await createLink(`link-${index}`)
      await createLink('draft', {}, 'draft')
      await createLink('inactive', { active: false })
      await createLink('bad', { destination_url: 'ftp://merchant.example/' })
      await createOffer('Desk', 'link-1', ['A quiet desc', 'Stand up'])
      await createOffer('Lamp', 'link-2', ['Let there be light'])
      await createOffer('Without a link', 'no-such-link', [])
      await createOffer('Not yet', 'link-3', [], 'draft')
      await create('promo-text', 'Draft', { text: 'Draft', offer: documents.get('Desk') }, 'draft')
    },
    published: () => edit('affiliate-link', 'publish', entryOf('draft')),
    unpublished: () => edit('affiliate-link', 'unpublish', entryOf('draft')),
    changed: () => lead('link-7', 'https://merchant.example/changed'),
    deleted: () => edit('affiliate-link', 'delete', entryOf('link-9')),
    async 'offers-changed'() {
      await change('promo-offer', 'Desk', { name: 'The quiet desk' })
      await change('promo-text', 'A quiet desc', { text: 'A quiet desk' })
    },
    async 'offers-withdrawn'() {
      await edit('promo-offer', 'unpublish', entryOf('Lamp'))
      await edit('promo-text', 'unpublish', entryOf('Stand up'))
    },
    async 'offers-back'() {
      await edit('promo-offer', 'publish', entryOf('Lamp'))
      await edit('promo-text', 'publish', entryOf('Stand up'))
    },
    'format-4': () => lead('link-8', 'https://merchant.example/format-4'),
    stopped: stop,
    started: start,
    async renamed() {
      await stop()
      const schema = readFileSync(schemaFile, 'utf8')
      writeFileSync(schemaFile, schema.replace('"destination_url"', '"target_url"'))
      await start()
    },
  }

  /** Asks as the site does, and records the answer. */
  const ask = async (path: string, to: Recording) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(reached === 'format-4' && { 'strapi-response-format': 'v4' }),
    }
    const answer = await fetch(`${url}${path}`, { headers }).catch(() => undefined)
    if (!answer) return undefined
    const recorded = { status: answer.status, body: await answer.text() }
    to.answers[decodeURIComponent(path)] = recorded
    return recorded
  }
  const lists = new Set<string>()
  const front = await listen(async (request, response) => {
    const path = request.url ?? ''
    if (firstPage.test(decodeURIComponent(path))) lists.add(decodeURIComponent(path))
    const answer = await ask(path, recording)
    if (!answer) request.socket.destroy()
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
  })

  /** A site that replays this may ask in another state than the site here did: each needs all pages of all lists. */
  const complete = async () => {
    const paths = new Set([...lists, ...Object.keys(recording.answers)])
    for (const path of paths) {
      const answer = await ask(path, recording)
      const next = answer && nextPage(path, answer.body)
      if (next) paths.add(next)
    }
  }

  const save = async () => {
    await complete()
    writeRecording(reached, recording)
  }
  return {
    url: front.url,
    async reach(state) {
      if (state !== 'first') await save()
      recording = { answers: {}, webhooks: [] }
      reached = state
      await steps[state]()
    },
    async close() {
      await save()
      await front.close()
      await stop()
      hook.close()
      await database.drop()
    },
  }
}

const firstPage = /filters\[id\]\[\$gt\]=0&/

/** The path of the page after this one, if there is one. */
function nextPage(path: string, body: string): string | undefined {
  const size = Number(/pagination\[pageSize\]=(\d+)/.exec(path)?.[1])
  const { data }: { data: { id: number }[] | null } = JSON.parse(body)
  const last = data?.at(-1)
  if (!last || data?.length !== size) return undefined
  return path.replace(/(filters\[id\]\[\$gt\]=)\d+/, `$1${last.id}`)
}
