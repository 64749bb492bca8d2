import { randomBytes } from 'node:crypto'
import { ok } from '../lib/base/result.ts'
import { addWebhook, findWebhook, listWebhooks, removeWebhook } from '../lib/store/webhooks.ts'
import { isWebhookEvent, webhookEvents } from '../lib/webhooks/events.ts'
import { openMessageSender } from '../lib/webhooks/send-message.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, count, failed, misused, type Outcome, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

const known = Object.keys(webhookEvents).join(', ')
/** Each costs a look for what is due, every few seconds. */
const most = 20
const longestUrl = 2_048
const secretBytes = 32

export const webhookCommand: Command = {
  name: 'webhook',
  summary: 'notify other programs of what happens here',
  synopsis: 'add URL --events EVENT,… | list | test ID | remove ID',
  help: `Adds, shows, tries and removes webhooks: URLs that get a signed POST (Standard Webhooks) whenever one of
their events happens.

  add URL       prints the secret for checking the signatures, once
  list          shows each with its events, what waits for it, and its last answers
  test ID       sends a message of the type webhook.test; exit code 1 if it is not accepted
  remove ID     also drops what is waiting for it

Events: ${known}.
They are described in src/sample-site/pages/docs/webhooks.md, at /docs/webhooks of the demo. The URL must begin with
https:// and lead to a public address, unless PROMO_WEBHOOK_ADDRESSES is any.

Example:
  npm run promo -- webhook add https://hooks.example.com/promo --events send.judged,winner.confirmed`,
  async run([action, ...rest]) {
    if (action === 'add') return await add(rest)
    if (action === 'list') return await list(rest)
    if (action === 'test') return await withId(rest, tryOut)
    if (action === 'remove') return await withId(rest, remove)
    return misused(`"${action ?? ''}" is not one of add, list, test and remove`)
  },
}

async function add(args: string[]): Promise<Outcome> {
  const read = readArguments(args, { events: { type: 'string' } }, ['URL'])
  if (!read.ok) return read
  const [url = ''] = read.value.operands
  if (read.value.values.events === undefined) return misused(`--events is missing: name some of ${known}`)
  const events = [...new Set(read.value.values.events.split(',').map((name) => name.trim()))]
  const unknown = events.find((name) => !isWebhookEvent(name))
  if (unknown !== undefined) return misused(`--events names "${unknown}", but must name some of: ${known}`)
  const config = loadConfig()
  const fault = urlFault(url, config.PROMO_WEBHOOK_ADDRESSES === 'any')
  if (fault !== undefined) return misused(`URL ${fault}`)
  const secret = `whsec_${randomBytes(secretBytes).toString('base64')}`
  return await withDatabase(config, async (database) => {
    const added = await database.run((sql) => addWebhook(sql, { url, secret, events, most }))
    if (!added.ok) return databaseFailed(added.fault)
    const [row] = added.value
    if (!row) return failed(`there are already ${most} webhooks: remove one first`)
    print(`webhook ${row.id} receives ${events.join(', ')}`)
    print(`secret: ${secret}`)
    print('Give it to the receiver, which checks signatures with it: it is not shown again.')
    return ok(undefined)
  })
}

function urlFault(text: string, any: boolean): string | undefined {
  if (!URL.canParse(text)) return 'must be a complete URL that begins with https://'
  const { protocol, username, password } = new URL(text)
  if (protocol !== 'https:' && !(any && protocol === 'http:'))
    return 'must begin with https://, or with http:// if PROMO_WEBHOOK_ADDRESSES is any'
  if (username !== '' || password !== '')
    return 'must have no user and password: the secret proves who the sender is'
  return text.length > longestUrl ? `must have at most ${longestUrl} characters` : undefined
}

async function list(args: string[]): Promise<Outcome> {
  const read = readArguments(args, {})
  if (!read.ok) return read
  return await withDatabase(loadConfig(), async (database) => {
    const listed = await database.run(listWebhooks)
    if (!listed.ok) return databaseFailed(listed.fault)
    if (listed.value.length === 0) print('There are no webhooks.')
    for (const { id, url, events, answers, waiting } of listed.value) {
      print(`${id}  ${url}  ${events.join(',')}  ${count(waiting, 'message')} waiting`)
      for (const { at, type, id: message, answer } of answers)
        print(`     ${at}  ${type}  ${message}  ${answer}`)
    }
    return ok(undefined)
  })
}

const withId = async (args: string[], work: (id: number) => Promise<Outcome>): Promise<Outcome> => {
  const read = readArguments(args, {}, ['ID'])
  if (!read.ok) return read
  const [id = ''] = read.value.operands
  return /^[1-9]\d{0,8}$/.test(id) ? await work(Number(id)) : misused(`ID must be a number, not "${id}"`)
}

const missing = (id: number) => failed(`there is no webhook ${id}: see "promo webhook list"`)

async function remove(id: number): Promise<Outcome> {
  return await withDatabase(loadConfig(), async (database) => {
    const removed = await database.run((sql) => removeWebhook(sql, id))
    if (!removed.ok) return databaseFailed(removed.fault)
    if (removed.value.length === 0) return missing(id)
    print(`webhook ${id} is removed`)
    return ok(undefined)
  })
}

async function tryOut(id: number): Promise<Outcome> {
  const config = loadConfig()
  const addresses = config.PROMO_WEBHOOK_ADDRESSES
  return await withDatabase(config, async (database) => {
    const found = await database.run((sql) => findWebhook(sql, id))
    if (!found.ok) return databaseFailed(found.fault)
    const [webhook] = found.value
    if (!webhook) return missing(id)
    const sender = openMessageSender({ addresses, now: Date.now, elapsed: () => performance.now() })
    const sent = await sender.send(webhook, webhook.test_message)
    if (!sent.ok) return failed(`webhook ${id} did not accept it: ${sent.fault.message}`)
    print(`webhook ${id} accepted it, with status ${sent.value}`)
    return ok(undefined)
  })
}
