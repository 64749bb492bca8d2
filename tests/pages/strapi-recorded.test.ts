import { strapiCases } from '../strapi/cases.ts'
import { openRecorded } from '../strapi/recorded.ts'

strapiCases(openRecorded)
