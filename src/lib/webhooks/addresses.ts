/** Which addresses webhooks may lead to: public ones only, or any. */
export const addressChoices = ['public', 'any'] as const

export type AddressChoice = (typeof addressChoices)[number]
