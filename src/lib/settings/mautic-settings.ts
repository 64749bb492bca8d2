import * as v from 'valibot'
import { rootUrl, secret, wholeNumber } from './setting-kinds.ts'

/** The required part of a pattern: where the name of the send is. */
export const sendPlace = '{send}'

export const mostStars = 4

const namesFault = (pattern: string): string | undefined => {
  if (pattern.split(sendPlace).length !== 2) return `must have ${sendPlace} once, in the place of the send`
  return pattern.split('*').length > mostStars + 1 ? `must have at most ${mostStars} stars` : undefined
}

/** The settings that are about Mautic. */
export const mauticSettings = {
  PROMO_MAUTIC_URL: v.optional(
    v.pipe(
      rootUrl,
      v.check((text) => !/\/api\/*$/.test(text), 'must not end with /api, which is added to it'),
      v.transform((text) => text.replace(/\/+$/, '')),
    ),
  ),
  PROMO_MAUTIC_USER: v.optional(
    v.pipe(v.string(), v.regex(/^[^:]{1,200}$/, 'must be the name of a user, without a colon')),
  ),
  PROMO_MAUTIC_PASSWORD: v.optional(v.string()),
  PROMO_MAUTIC_CLIENT_ID: v.optional(secret(1)),
  PROMO_MAUTIC_CLIENT_SECRET: v.optional(secret(16)),
  PROMO_MAUTIC_EMAIL_NAMES: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(200, 'must have at most 200 characters'),
      v.check(
        (pattern) => namesFault(pattern) === undefined,
        ({ input }) => `${namesFault(input)}`,
      ),
    ),
  ),
  PROMO_MAUTIC_EVERY_MINUTES: wholeNumber(0, 1440, 0),
}
