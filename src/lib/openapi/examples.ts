import type { FaultCode } from '../http/answer.ts'
import examples from './examples.json' with { type: 'json' }

export type ExampleName = keyof typeof examples.contents

/** A body that was sent or answered, by its name; `tests/pages/openapi.test.ts` compares them with a site's. */
export const exampleOf = (name: ExampleName): unknown => examples.contents[name]

/** The answer to each fault. */
export const faultExamples: Record<FaultCode, unknown> = examples.faults
