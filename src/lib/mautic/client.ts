import { fail, ok, type Result } from '../base/result.ts'
import { jsonOf, type NeighbourFault, openNeighbour, type Refusal } from '../neighbours/neighbour.ts'
import { type Email, type NamedEmail, readEmail, readNames } from './email.ts'
import { createLogin, type LoginSettings } from './login.ts'

/** `alone`: whether the fault concerns only this e-mail; unknown where it is left out. */
export type MauticFault = NeighbourFault & { alone?: boolean }

export type MauticPlace = {
  /** Without a trailing slash. */
  url: string
  login: LoginSettings
}

export type Mautic = {
  readEmail(id: number): Promise<Result<Email, MauticFault>>
  /** The newest e-mails, at most a hundred, without variants. */
  readNewest(): Promise<Result<NamedEmail[], MauticFault>>
  /** Ends what is under way. */
  stop(): void
}

/** Bytes of an answer, which has the HTML of the e-mail and its variants. */
const longestAnswer = 2 * 1024 * 1024
/** Milliseconds for an answer. */
const patience = 10_000

/** Mautic's REST API, for reading e-mails. */
export function openMauticClient({
  url,
  login: settings,
  elapsed,
}: MauticPlace & {
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
}): Mautic {
  const neighbour = openNeighbour({
    most: longestAnswer,
    secrets: () => login.secrets(),
    advise: (refusal) => adviceOn(refusal, settings),
    elapsed,
  })
  const login = createLogin({ url, settings, ask: neighbour.ask, patience, elapsed })

  const read = async (path: string): Promise<Result<unknown, MauticFault>> => {
    const authorization = await login.header()
    if (!authorization.ok) return fail({ ...authorization.fault, alone: false })
    const headers = { accept: 'application/json', authorization: authorization.value }
    const answer = await neighbour.ask({ url: `${url}/api/${path}`, patience, headers })
    return answer.ok ? jsonOf(answer.value) : answer
  }

  const ask = async (path: string): Promise<Result<unknown, MauticFault>> => {
    const first = await read(path)
    // A token may become invalid early, for example if somebody clears Mautic's cache.
    return !first.ok && first.fault.status === 401 && login.forget() ? await read(path) : first
  }

  return {
    async readEmail(id) {
      const answer = await ask(`emails/${id}`)
      if (!answer.ok) return fail(ofEmail(answer.fault))
      const email = readEmail(answer.value)
      return email ? ok(email) : fail({ ...notMautic, alone: true })
    },
    async readNewest() {
      const answer = await ask('emails?minimal=1&start=0&limit=100&orderBy=id&orderByDir=desc')
      if (!answer.ok) return answer
      const names = readNames(answer.value)
      return names ? ok(names) : fail(notMautic)
    },
    stop: neighbour.stop,
  }
}

/** An e-mail that is not there or too long is alone in its fault; the login and a pause stand in the way of all. */
function ofEmail(fault: MauticFault): MauticFault {
  const { status, code } = fault
  if (status === 404 || status === 200) return { ...fault, alone: true }
  return status === 401 || code === 'busy' ? { ...fault, alone: false } : fault
}

const notMautic: MauticFault = {
  code: 'unsuitable',
  message: 'its answer does not have the form of Mautic',
  advice: "What answers at PROMO_MAUTIC_URL is not Mautic's REST API: correct the setting",
}

/** What a person has to fix, by status. */
function adviceOn({ status, said, redirectedTo }: Refusal, { kind }: LoginSettings): string | undefined {
  const names =
    kind === 'user'
      ? 'PROMO_MAUTIC_USER and PROMO_MAUTIC_PASSWORD'
      : 'PROMO_MAUTIC_CLIENT_ID and PROMO_MAUTIC_CLIENT_SECRET'
  if (status === 400 || status === 401)
    return (
      `Mautic refuses the login (${said}): correct ${names}, and enable ` +
      `${kind === 'user' ? 'the API and its HTTP basic auth' : 'the API'} in its configuration`
    )
  if (status === 403)
    return (
      `Mautic refuses (${said}): enable its API, and allow the role of ${names} to view e-mails, ` +
      'including those of others'
    )
  if (status < 300 || status >= 400) return undefined
  const place = redirectedTo === undefined ? '' : ` to ${redirectedTo}`
  return `Mautic redirects${place}, which is not followed: set PROMO_MAUTIC_URL to the final address`
}
