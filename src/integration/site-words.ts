import { existsSync, readdirSync } from 'node:fs'
import { extname, join } from 'node:path'

/** The path without its slashes where it is one word; no promo link hides it then. */
export function wordOf(path: string): string | undefined {
  const word = path.replace(/^\/|\/$/g, '')
  return word === '' || /[/[]/.test(word) ? undefined : word
}

/** The word that a route such as `/shop/[...rest]` answers by itself, beside all that is below. */
export const wordOfRest = (pattern: string): string | undefined =>
  /^\/([^/[\]]+)\/\[\.\.\.[^/\]]+\]\/?$/.exec(pattern)?.[1]

/**
 * What a server finds in a folder for a path of one word: a file, with or without its extension, or a folder's
 * page.
 */
export const wordsIn = (folder: string): string[] =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        if (entry.isDirectory())
          return readdirSync(join(folder, entry.name)).some((name) => /^index\.html?$/.test(name))
            ? entry.name
            : []
        const extension = extname(entry.name)
        return /^\.html?$/.test(extension) ? [entry.name, entry.name.slice(0, -extension.length)] : entry.name
      })
