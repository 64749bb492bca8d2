import type { FaultCode } from '../http/answer.ts'
import examples from './examples.json' with { type: 'json' }

export type ExampleName = keyof typeof examples.contents

/** A body that was sent or answered, by its name; `tests/pages/openapi.test.ts` compares them with a site's. */
export const exampleOf = (name: ExampleName): unknown => examples.contents[name]

const faults: Record<Exclude<FaultCode, 'unauthorized'>, unknown> = examples.faults

/** The answer to a fault; for a missing or wrong token it depends on who may call the endpoint. */
export const faultExample = (code: FaultCode, access: keyof typeof examples.unauthorized): unknown =>
  code === 'unauthorized' ? examples.unauthorized[access] : faults[code]
