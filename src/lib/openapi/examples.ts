import type { FaultCode } from '../http/answer.ts'
import examples from './examples.json' with { type: 'json' }

export type ExampleName = keyof typeof examples.contents

/** A body that was sent or answered, by its name; `tests/pages/openapi.test.ts` compares them with a site's. */
export const exampleOf = (name: ExampleName): unknown => examples.contents[name]

const faults: Record<Exclude<FaultCode, 'unauthorized' | 'validation_error'>, unknown> = examples.faults
const own: Readonly<Record<string, Readonly<Record<string, unknown>>>> = examples.own

/** An endpoint, and who may call it. */
export type Called = { name: string; access: keyof typeof examples.unauthorized }

/**
 * The answer to a fault. Where a token is missing or wrong it depends on who may call the endpoint, and some are about
 * what only this endpoint takes.
 */
export function faultExample(code: FaultCode, { name, access }: Called): unknown {
  if (code === 'unauthorized') return examples.unauthorized[access]
  if (code === 'validation_error') return own[name]?.[code] ?? examples.invalidHost
  return own[name]?.[code] ?? faults[code]
}
