import type { Assessment } from './build-report.ts'

export const createAssessor =
  (_now: () => number) =>
  (_evidence: string): Assessment => ({
    variations: new Map(),
    offers: new Map(),
    attributes: { tone: [], length_category: [], cta_text: [] },
  })
