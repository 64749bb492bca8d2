/**
 * A visitor is a client's network (as `NetworkReader` names it) and its user agent, as 64 hexadecimal digits; `address`
 * is the network alone, as 16 digits, which is enough to distinguish those of a month. Its first six digits identify
 * the wider network: 16 bits of an IPv4 address, 32 of an IPv6 one.
 */
export type Identity = { visitor: string; address: string }

export const widerDigits = 6
