import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import type { Variation } from '../model/variation.ts'
import { findVariation, listVariations } from '../store/variations.ts'
import { listWholeTable } from '../store/whole-table.ts'

const findDeadline = 1_000

/** Variations as tracking knows them, from the database. */
export const createVariationSource = (database: Database) => ({
  list: () => listWholeTable(database, 'promo_text_variations', listVariations),
  async find(id: number): Promise<Result<Variation | undefined, DatabaseFault>> {
    const found = await database.run((sql) => findVariation(sql, id), findDeadline)
    return found.ok ? ok(found.value[0]) : found
  },
})
