import { errors } from 'jose'
import { KeysUnavailable } from './remote-keys.ts'

/**
 * `unauthorized`: sign in or get a new token. `forbidden`: the token is valid, but meant for something else.
 * `keys_unavailable`: unknown, since its key is not known and the keys cannot be fetched.
 */
export type TokenFault = { code: 'unauthorized' | 'forbidden' | 'keys_unavailable'; message: string }

/** The requirements for a token on this site. */
export type WantedToken = {
  algorithms: readonly string[]
  issuer: string | undefined
  audience: string | undefined
  /** Whether its key is among those that another back end publishes. */
  published: boolean
}

/** What is wrong with a token, in words for its owner; `undefined` if the token is not at fault. */
export function describeTokenFault(error: unknown, wanted: WantedToken): TokenFault | undefined {
  if (error instanceof KeysUnavailable) {
    const message =
      'The keys for checking tokens cannot be fetched, and the key of this one is not known yet. Try again in a minute.'
    return { code: 'keys_unavailable', message }
  }
  if (error instanceof errors.JWTExpired) return unauthorized('has expired; get a new one')
  if (error instanceof errors.JWTClaimValidationFailed) return claimFault(error, wanted)
  const words = wordsFor(error, wanted)
  return words === undefined ? undefined : unauthorized(words)
}

const unauthorized = (words: string): TokenFault => ({ code: 'unauthorized', message: `The token ${words}` })

function claimFault({ claim, reason }: errors.JWTClaimValidationFailed, wanted: WantedToken): TokenFault {
  const meant = { iss: wanted.issuer, aud: wanted.audience }[claim]
  if (meant !== undefined)
    return {
      code: 'forbidden',
      message: `The token is meant for something else: its "${claim}" must be "${meant}"`,
    }
  if (claim === 'nbf' && reason === 'check_failed')
    return unauthorized('is not valid yet: wait until its "nbf", and compare the clocks of the two machines')
  if (reason === 'missing') return unauthorized(`has no "${claim}"; get one that has`)
  return unauthorized(`has a "${claim}" that is not a number of seconds`)
}

function wordsFor(error: unknown, { algorithms, published }: WantedToken): string | undefined {
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)
    return (
      'is incomplete: it must be a signed JWT, which is three parts separated by dots. ' +
      'Copy all of it from ' +
      `${published ? 'the back end that signs it' : 'where it was made; "npm run promo -- token" makes one'}`
    )
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return `is signed in a way that this site does not accept; it must be signed with ${algorithms.join(', ')}`
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return published
      ? 'was changed, or was not signed with the key that it names'
      : 'was changed, or was signed with a secret other than that of this site (PROMO_JWT_SECRET, or the ' +
          'one in PROMO_DATA_DIR)'
  if (error instanceof errors.JWKSNoMatchingKey)
    return 'is signed with a key that the back end does not publish at PROMO_JWKS_URL'
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'does not say with which of several keys it is signed; it must name one in "kid"'
  return undefined
}
