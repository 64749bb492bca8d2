import { expect, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { createTableSource } from '../../src/lib/links/table-source.ts'
import { createVariationSource } from '../../src/lib/tracking/variation-source.ts'

test('sources report that their database does not answer, so that caches keep what they have', async () => {
  const nowhere = openDatabase({
    locate: async () => ok('postgres://promo@127.0.0.1:1/promo'),
    log: createLog('silent'),
  })
  const links = createTableSource(nowhere)
  const variations = createVariationSource(nowhere)
  const answers = [links.list(), links.find('desk'), variations.list(), variations.find(42)]
  for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ ok: false })
  await nowhere.close()
})
