import { fail, messageOf } from '../../base/result.ts'

/** Why there is no server. The message is for the person who starts the site and names a remedy. */
export type EmbeddedFault = {
  code:
    | 'newer_version'
    | 'older_version'
    | 'in_use'
    | 'no_certificate'
    | 'not_writable'
    | 'no_binaries'
    | 'port_taken'
    | 'start_failed'
  message: string
}

export const fault = (code: EmbeddedFault['code'], message: string) => fail<EmbeddedFault>({ code, message })

/** The system's code for a failed file operation (`EACCES`), undefined for any other error. */
export const fileErrorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** What went wrong, in as few words as possible. */
export const reasonOf = (error: unknown): string => fileErrorCode(error) ?? messageOf(error)
