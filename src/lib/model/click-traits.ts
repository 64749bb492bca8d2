/**
 * What is known of a reader's device: columns of clicks and fields of their events, all of them texts.
 * Settling breaks clicks down by each, and reports list each among the devices.
 */
export const clickTraits = ['device', 'browser', 'os'] as const

export type ClickTrait = (typeof clickTraits)[number]

/** A value for each. */
export const byTrait = <Value>(make: (trait: ClickTrait) => Value): Record<ClickTrait, Value> => ({
  device: make('device'),
  browser: make('browser'),
  os: make('os'),
})
