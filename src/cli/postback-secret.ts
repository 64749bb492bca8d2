import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { fail, ok, type Result } from '../lib/base/result.ts'
import { hashOfSecret, postbackFields } from '../lib/conversions/postback.ts'
import { sourceName } from '../lib/conversions/schema.ts'
import { slugPattern } from '../lib/model/link.ts'
import { deletePostback, savePostback } from '../lib/store/postbacks.ts'
import { readBuiltSite, rootOf } from '../server/host-site.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, failed, misused, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

const parameterPattern = /^[A-Za-z][A-Za-z0-9_.-]{0,49}$/

export const postbackSecretCommand: Command = {
  name: 'postback-secret',
  summary: 'let the network of a link report conversions by calling a URL',
  synopsis: 'SLUG [--source NAME] [--parameter FIELD=NAME]... | SLUG --remove',
  help: `Makes a new secret for the link /SLUG and prints the URL that its network must call for each conversion; only
the secret's hash is kept, and the former secret stops working. Put the network's own macros in place of what is in
braces. FIELD is ${postbackFields.join(', ')}.

Options:
  --source NAME           which network the ids of sales come from, as in promo import-conversions; default: SLUG
  --parameter FIELD=NAME  the network's name for a parameter, if you cannot choose it
  --remove                accepts no more postbacks for the link

Example:
  npm run promo -- postback-secret nocodemba --source awin --parameter external_id=tid`,
  async run(args) {
    const read = readArguments(
      args,
      {
        source: { type: 'string' },
        parameter: { type: 'string', multiple: true, default: [] },
        remove: { type: 'boolean', default: false },
      },
      ['SLUG'],
    )
    if (!read.ok) return read
    const { source: given, parameter, remove } = read.value.values
    const slug = (read.value.operands[0] ?? '').toLowerCase()
    if (!slugPattern.test(slug)) return misused(`SLUG must be the slug of a link, not "${slug}"`)
    const source = v.safeParse(sourceName, given ?? slug.slice(0, 50))
    if (!source.success) return misused(`--source ${source.issues[0].message}`)
    const names = readNames(parameter)
    if (!names.ok) return misused(names.fault)
    const config = loadConfig()
    return await withDatabase(config, async (database) => {
      if (remove) {
        const removed = await database.run((sql) => deletePostback(sql, slug))
        if (!removed.ok) return databaseFailed(removed.fault)
        if (removed.value.length === 0) return failed(`the link /${slug} accepts no postbacks`)
        print(`/${slug} accepts no more postbacks`)
        return ok(undefined)
      }
      const secret = randomBytes(24).toString('base64url')
      const postback = { source: source.output, secret_hash: hashOfSecret(secret), parameters: names.value }
      const saved = await database.run((sql) => savePostback(sql, slug, postback))
      if (!saved.ok) return databaseFailed(saved.fault)
      const rest = postbackFields.map((field) => `${names.value[field] ?? field}={${field}}`).join('&')
      print(
        `${config.SITE_URL}${rootOf(readBuiltSite())}/api/v1/promo/postback?link=${slug}&secret=${secret}&${rest}`,
      )
      return ok(undefined)
    })
  },
}

/** The network's names by ours. */
function readNames(pairs: readonly string[]): Result<Record<string, string>, string> {
  const names: Record<string, string> = {}
  for (const pair of pairs) {
    const [field = '', name = '', ...more] = pair.split('=')
    if (more.length > 0 || !parameterPattern.test(name))
      return fail(`--parameter must be like external_id=tid, not "${pair}"`)
    if (!postbackFields.some((known) => known === field))
      return fail(`--parameter must name one of ${postbackFields.join(', ')}, not "${field}"`)
    if (['link', 'secret'].includes(name)) return fail(`--parameter must not take the name "${name}"`)
    names[field] = name
  }
  const all = postbackFields.map((field) => names[field] ?? field)
  const twice = all.find((name, index) => all.indexOf(name) !== index)
  return twice === undefined ? ok(names) : fail(`--parameter gives two parameters the name "${twice}"`)
}
