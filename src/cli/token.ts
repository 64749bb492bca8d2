import { tokenSecret } from '../lib/auth/secret.ts'
import { parseLifetime, signToken } from '../lib/auth/token.ts'
import { ok } from '../lib/base/result.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, failed, misused, print, readArguments, remark } from './command.ts'

export const tokenCommand: Command = {
  name: 'token',
  summary: 'create a token for the analytics API',
  synopsis: '[--subject NAME] [--expires TIME]',
  help: `Prints a JWT for "Authorization: Bearer" on the analytics API. It is signed with PROMO_JWT_SECRET or, if
that is not set, with the secret that is generated into PROMO_DATA_DIR and kept there. Issuer and audience
are those of PROMO_JWT_ISSUER and PROMO_JWT_AUDIENCE. A token is valid until it expires; a new secret
invalidates all of them.

Options:
  --subject NAME   who it is for, 1 to 200 characters (default: promo)
  --expires TIME   how long it is valid: 45s, 30m, 1h, 7d (default: 1h)

Example:
  TOKEN=$(npm run --silent promo -- token --subject dashboard --expires 7d)`,
  async run(args) {
    const read = readArguments(args, {
      subject: { type: 'string', default: 'promo' },
      expires: { type: 'string', default: '1h' },
    })
    if (!read.ok) return read
    const { subject, expires } = read.value.values
    if (subject.trim() === '' || subject.length > 200)
      return misused('--subject must have 1 to 200 characters')
    const lifetime = parseLifetime(expires)
    if (!lifetime.ok) return misused(`--expires: ${lifetime.fault.message}`)
    const config = loadConfig()
    const secret = tokenSecret(config)
    if (!secret.ok) return failed(secret.fault.message)
    const now = Date.now()
    print(await signToken({ secret: secret.value, subject, lifetime: lifetime.value, now, config }))
    remark(`valid until ${new Date(now + lifetime.value * 1000).toISOString()}`)
    return ok(undefined)
  },
}
