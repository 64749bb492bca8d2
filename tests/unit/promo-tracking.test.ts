import { expectTypeOf, test } from 'vitest'
import type { assemble } from '../../src/lib/app.ts'
import type { PromoTracking } from '../../src/lib/index.ts'

type Assembled = Extract<Awaited<ReturnType<typeof assemble>>, { ok: true }>['value']

test('the assembled app has exactly what its interface describes', () => {
  expectTypeOf<Assembled>().toExtend<PromoTracking>()
  expectTypeOf<keyof Assembled>().toEqualTypeOf<keyof PromoTracking>()
})
