import * as v from 'valibot'

/** The values of a click that a custom dimension of Matomo can have. */
export const dimensionWords = ['offer', 'text', 'send', 'newsletter'] as const

export type DimensionWord = (typeof dimensionWords)[number]

/** The ids of Matomo's custom dimensions, by value. */
export type Dimensions = ReadonlyMap<DimensionWord, number>

const isWord = (word: string): word is DimensionWord => dimensionWords.some((known) => known === word)

/** Parses `offer:1,text:2`; `undefined` if it has another form, or names something twice. */
export function parseDimensions(text: string): Dimensions | undefined {
  const dimensions = new Map<DimensionWord, number>()
  for (const part of text === '' ? [] : text.split(',')) {
    const [, word = '', id = ''] = /^\s*([a-z]+):([1-9]\d{0,2})\s*$/.exec(part) ?? []
    if (!isWord(word) || dimensions.has(word) || [...dimensions.values()].includes(Number(id)))
      return undefined
    dimensions.set(word, Number(id))
  }
  return dimensions
}

/** The setting for them. */
export const dimensionsSetting = v.optional(
  v.pipe(
    v.string(),
    v.check(
      (text) => parseDimensions(text) !== undefined,
      'must be WORD:ID, comma-separated, each word and each id of a custom dimension once, with the ' +
        `words ${dimensionWords.join(', ')}`,
    ),
  ),
)
