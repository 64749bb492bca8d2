import * as v from 'valibot'

/** What the fields of a report are made of. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0))
export const id = v.pipe(v.number(), v.integer(), v.minValue(1))
export const rate = v.nullable(v.number())

/** A schema with what the description of the API says about it. */
export const described = <Schema extends v.GenericSchema>(schema: Schema, description: string) =>
  v.pipe(schema, v.description(description))
