/** An expected outcome as a value: exceptions are left for bugs. */
export type Result<Value, Fault> = { ok: true; value: Value } | { ok: false; fault: Fault }

export const ok = <Value>(value: Value): { ok: true; value: Value } => ({ ok: true, value })

export const fail = <Fault>(fault: Fault): { ok: false; fault: Fault } => ({ ok: false, fault })

/** The text of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
