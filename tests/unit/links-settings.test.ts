import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hasKnownLinks, linkSettings } from '../../src/lib/links/link-settings.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { temporaryFolder } from '../support/folders.ts'

const strapi = {
  PROMO_STRAPI_URL: 'https://cms.example',
  PROMO_STRAPI_TOKEN: 'a-read-only-api-token-of-strapi',
  PROMO_STRAPI_OFFERS_TYPE: 'promo-offers',
}

function configOf(settings: Record<string, string>) {
  const config = readConfig(settings)
  if (!config.ok) throw new Error(JSON.stringify(config.fault))
  return config.value
}

describe('links come from', () => {
  test('the table, even if offers come from Strapi', () => {
    expect(linkSettings(configOf({}))).toEqual({ from: 'table' })
    expect(linkSettings(configOf({ ...strapi, PROMO_LINKS: 'table' }))).toEqual({ from: 'table' })
  })

  test.each(['strapi', 'both'] as const)('Strapi, if the setting is "%s"', (from) => {
    const settings = {
      ...{ ...strapi, PROMO_LINKS: from, PROMO_STRAPI_TYPE: 'links' },
      PROMO_STRAPI_FIELDS: 'slug:word,destination:target',
    }
    const fields = new Map([
      ['slug', 'word'],
      ['destination', 'target'],
    ])
    expect(linkSettings(configOf(settings))).toEqual({
      from,
      strapi: { url: 'https://cms.example', token: strapi.PROMO_STRAPI_TOKEN, type: 'links', fields },
    })
  })
})

describe('links of an earlier run are there', () => {
  test.each([
    ['table', 'links.json', true],
    ['table', 'strapi-links.json', false],
    ['strapi', 'links.json', false],
    ['strapi', 'strapi-links.json', true],
    ['both', 'links.json', false],
    ['both', 'strapi-links.json', true],
  ])('if they come from "%s" and the folder has %s: %s', (from, file, there) => {
    const folder = temporaryFolder()
    const config = configOf({ ...strapi, PROMO_LINKS: from, PROMO_DATA_DIR: folder })
    expect(hasKnownLinks(config)).toBe(false)
    writeFileSync(join(folder, file), '[]')
    expect(hasKnownLinks(config)).toBe(there)
  })
})
