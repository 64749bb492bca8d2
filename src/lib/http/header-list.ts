/** Whether a header has a value. One that is sent twice arrives as one list, joined by commas. */
export const lists = (header: string | undefined, value: string): boolean =>
  header !== undefined && (header === value || header.split(',').some((one) => one.trim() === value))
