import type { addressChoices } from '../settings/config.ts'

export type AddressChoice = (typeof addressChoices)[number]
