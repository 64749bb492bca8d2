import { ownPaths } from './own-paths.ts'

const address = `/(?=(?:${ownPaths.map((path) => path.slice(1)).join('|')})(?:[/?"#]|$))`
const inHtml = new RegExp(`\\b((?:href|src|action)=")${address}`, 'g')
const atStart = new RegExp(`^${address}`)

/**
 * Our pages are built once for all sites, as if each stood at its root. These put the addresses of ours, in a page and
 * in a redirect, below `root`, a path such as `/news` or nothing.
 */
export const placeLinks = (html: string, root: string): string => html.replace(inHtml, `$1${root}/`)
export const placeLocation = (location: string, root: string): string => location.replace(atStart, `${root}/`)
