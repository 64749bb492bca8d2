import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright'

/** What axe looks at again where a page has other colours; all else is the same. */
export const rulesOfColours = ['color-contrast', 'link-in-text-block']

/** What keeps people from reading a page, with the elements that it is about; `rules` are all by default. */
export async function accessibilityFaults(page: Page, rules?: string[]): Promise<[string, string[]][]> {
  // Our pages have no frames. In one run, and without all that is right, axe takes half the time.
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode()
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze()
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])
}
