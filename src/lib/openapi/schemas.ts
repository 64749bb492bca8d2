import {
  type ConversionConfig,
  type JsonSchema,
  toJsonSchema,
  toJsonSchemaDefs,
} from '@valibot/to-json-schema'
import * as v from 'valibot'
import { conversionSchema } from '../conversions/schema.ts'
import { fieldFaultSchema, plainFaultSchema, trackingFaultSchema } from '../http/fault-schemas.ts'
import { conversionRowSchema } from '../model/conversion.ts'
import { doubtSchema } from '../model/doubt.ts'
import * as report from '../model/report.ts'
import { healthSchema, livenessSchema } from '../operations/health-schema.ts'
import { segmentSchema, selectionAnswerSchema } from '../selection/schema.ts'
import { clickSchema, impressionSchema } from '../tracking/schemas.ts'
import { aboutClick, aboutConversion, aboutImpression } from './fields.ts'

/** The schemas of bodies and answers, by their names in the description. */
const definitions = {
  Selection: selectionAnswerSchema,
  Segment: segmentSchema,
  Impression: impressionSchema,
  Click: clickSchema,
  Conversion: conversionSchema,
  Report: report.reportSchema,
  Summary: report.summarySchema,
  Offer: report.offerRowSchema,
  OfferStatistics: report.offerStatisticsSchema,
  Variation: report.variationRowSchema,
  VariationStatistics: report.statisticsSchema,
  Day: report.timelineRowSchema,
  DayOfVariation: report.variationDaySchema,
  HeatmapCell: report.heatmapCellSchema,
  Share: report.shareSchema,
  ReasonShare: report.reasonShareSchema,
  Send: report.sendRowSchema,
  Doubt: doubtSchema,
  Attribute: report.attributeRowSchema,
  Conversions: conversionRowSchema,
  Health: healthSchema,
  Liveness: livenessSchema,
  Description: v.looseObject({ openapi: v.string() }),
  Fault: plainFaultSchema,
  FieldFault: fieldFaultSchema,
  TrackingFault: trackingFaultSchema,
}

export type SchemaName = keyof typeof definitions

export const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` })

/** What no schema can express is in the description of its field. */
const options: ConversionConfig = {
  typeMode: 'input',
  target: 'draft-2020-12',
  ignoreActions: ['check', 'trim', 'to_lower_case', 'to_upper_case', 'transform'],
  overrideRef: ({ referenceId }) => refTo(referenceId).$ref,
}

/** All schemas of the description. */
export const componentSchemas = (): Record<string, JsonSchema> => {
  const schemas = toJsonSchemaDefs(definitions, options)
  return {
    ...schemas,
    Impression: describe(schemas.Impression, aboutImpression),
    Click: describe(schemas.Click, aboutClick),
    Conversion: describe(schemas.Conversion, aboutConversion),
  }
}

/** The schema of a query, field by field. */
export const querySchemas = (schema: v.GenericSchema) => ({ ...toJsonSchema(schema, options).properties })

const describe = (schema: JsonSchema, about: Record<string, string>): JsonSchema => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries({ ...schema.properties }).map(([name, field]) => [
      name,
      Object.assign({}, field, { description: about[name] }),
    ]),
  ),
})
