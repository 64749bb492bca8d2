import * as v from 'valibot'
import { fail, ok, type Result } from '../base/result.ts'
import { jsonOf, type Neighbour, type NeighbourFault } from '../neighbours/neighbour.ts'

/** A user of Mautic (HTTP basic auth), or credentials of its API (OAuth 2, client credentials). */
export type LoginSettings =
  | { kind: 'user'; user: string; password: string }
  | { kind: 'client'; id: string; secret: string }

export type Login = {
  /** The `Authorization` header of the next request. */
  header(): Promise<Result<string, NeighbourFault>>
  /** Forgets a token that was refused; `false` if there was none. */
  forget(): boolean
  secrets(): (string | undefined)[]
}

const tokenSchema = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/)),
  expires_in: v.nullish(v.pipe(v.number(), v.minValue(0)), 3_600),
})

/** Milliseconds before its expiry at which a token is no longer used. */
const earlier = 60_000

export function createLogin({
  url,
  settings,
  ask,
  patience,
  elapsed,
}: {
  url: string
  settings: LoginSettings
  ask: Neighbour['ask']
  patience: number
  elapsed: () => number
}): Login {
  let token: { value: string; until: number } | undefined

  const fetchToken = async ({ id, secret }: { id: string; secret: string }) => {
    const answer = await ask({
      url: `${url}/oauth/v2/token`,
      patience,
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: secret,
      }).toString(),
    })
    // Mautic answers 400 to unknown credentials.
    if (!answer.ok)
      return answer.fault.status === 400 ? fail({ ...answer.fault, code: 'refused' as const }) : answer
    const body = jsonOf(answer.value)
    const read = v.safeParse(tokenSchema, body.ok ? body.value : undefined)
    if (!read.success) return fail(noToken)
    token = {
      value: read.output.access_token,
      until: elapsed() + read.output.expires_in * 1_000 - earlier,
    }
    return ok(`Bearer ${token.value}`)
  }

  return {
    async header() {
      if (settings.kind === 'user')
        return ok(`Basic ${Buffer.from(`${settings.user}:${settings.password}`).toString('base64')}`)
      return token && token.until > elapsed() ? ok(`Bearer ${token.value}`) : await fetchToken(settings)
    },
    forget() {
      const had = token !== undefined
      token = undefined
      return had
    },
    secrets: () => [settings.kind === 'user' ? settings.password : settings.secret, token?.value],
  }
}

const noToken: NeighbourFault = {
  code: 'unsuitable',
  message: 'answered with no token',
  advice: "What answers at PROMO_MAUTIC_URL is not Mautic's REST API: correct the setting",
}
