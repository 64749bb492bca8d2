import type { MauticPlace } from './client.ts'
import type { LoginSettings } from './login.ts'

type Settings = {
  PROMO_MAUTIC_URL?: string | undefined
  PROMO_MAUTIC_USER?: string | undefined
  PROMO_MAUTIC_PASSWORD?: string | undefined
  PROMO_MAUTIC_CLIENT_ID?: string | undefined
  PROMO_MAUTIC_CLIENT_SECRET?: string | undefined
}

/** Mautic's address and login; `undefined` if not set. */
export function mauticPlace(settings: Settings): MauticPlace | undefined {
  const login = loginOf(settings)
  const url = settings.PROMO_MAUTIC_URL
  return url === undefined || !login ? undefined : { url, login }
}

function loginOf(settings: Settings): LoginSettings | undefined {
  const { PROMO_MAUTIC_USER: user, PROMO_MAUTIC_PASSWORD: password } = settings
  const { PROMO_MAUTIC_CLIENT_ID: id, PROMO_MAUTIC_CLIENT_SECRET: secret } = settings
  if (user !== undefined && password !== undefined) return { kind: 'user', user, password }
  return id === undefined || secret === undefined ? undefined : { kind: 'client', id, secret }
}
