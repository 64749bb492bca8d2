import { strapiCases } from './cases.ts'
import { openReal } from './real.ts'

strapiCases(openReal)
