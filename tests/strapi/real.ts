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
const type = 'api::affiliate-link.affiliate-link'

/** A real Strapi on a database of its own; whatever it answers and says is recorded on the way. */
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
    // Until then there is no site to be told.
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
  const edit = async (method: string, options: object) => {
    const answer = await fetch(`${url}/editor`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type, method, options }),
    })
    if (!answer.ok) throw new Error(`${method}: ${await answer.text()}`)
    const { done }: { done: { documentId: string } } = JSON.parse(await answer.text())
    return done?.documentId
  }
  const documents = new Map<string, string>()
  const create = async (slug: string, more: object = {}, status = 'published') => {
    const data = { slug, destination_url: `https://merchant.example/${slug.replace('link-', '')}`, ...more }
    documents.set(slug, await edit('create', { data, status }))
  }
  const entryOf = (slug: string) => ({ documentId: documents.get(slug) })

  const lead = (slug: string, destination_url: string) =>
    edit('update', { ...entryOf(slug), data: { destination_url }, status: 'published' })

  const steps: Record<State, () => Promise<unknown>> = {
    async first() {
      await start()
      await create('link-1', { utm: { utm_source: 'strapi' } })
      for (let index = 2; index <= 130; index += 1) await create(`link-${index}`)
      await create('draft', {}, 'draft')
      await create('inactive', { active: false })
      await create('bad', { destination_url: 'ftp://merchant.example/' })
    },
    published: () => edit('publish', entryOf('draft')),
    unpublished: () => edit('unpublish', entryOf('draft')),
    changed: () => lead('link-7', 'https://merchant.example/changed'),
    deleted: () => edit('delete', entryOf('link-9')),
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

  const front = await listen(async (request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    const recorded = recording
    const headers = {
      authorization: `${request.headers.authorization}`,
      ...(reached === 'format-4' && { 'strapi-response-format': 'v4' }),
    }
    const answer = await fetch(`${url}${request.url}`, { headers }).catch(() => undefined)
    if (!answer) {
      request.socket.destroy()
      return
    }
    const { status } = answer
    const body = await answer.text()
    recorded.answers[path] = { status, body }
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })

  const save = () => writeRecording(reached, recording)
  return {
    url: front.url,
    async reach(state) {
      if (state !== 'first') save()
      recording = { answers: {}, webhooks: [] }
      reached = state
      await steps[state]()
    },
    async close() {
      save()
      await front.close()
      await stop()
      hook.close()
      await database.drop()
    },
  }
}
