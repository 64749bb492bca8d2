/**
 * What a terminal would obey in place of showing it: control characters but for line ends and tabs, and
 * characters that turn the direction of writing. Names, texts and user agents come from strangers.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const obeyed = /[\0-\x08\v-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** The text with what a terminal would obey as its code: `\u001b`. */
export const printable = (text: string): string =>
  text.replace(obeyed, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)

export const writeOut = (text: string): void => {
  process.stdout.write(printable(text))
}

export const writeError = (text: string): void => {
  process.stderr.write(printable(text))
}
