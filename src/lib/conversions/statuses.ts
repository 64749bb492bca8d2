import type { Conversion } from '../model/event.ts'

type Status = Conversion['status']

/** What networks call a status, in lower case. */
const words: Record<Status, readonly string[]> = {
  pending: ['pending', 'open', 'new', 'hold', 'on hold', 'waiting', 'tracked', 'offen'],
  approved: [
    'approved',
    'accepted',
    'confirmed',
    'paid',
    'payable',
    'valid',
    'validated',
    'locked',
    'closed',
    'sale',
    'lead',
    '1',
    'bestätigt',
  ],
  rejected: [
    'rejected',
    'declined',
    'denied',
    'cancelled',
    'canceled',
    'reversed',
    'refunded',
    'returned',
    'deleted',
    'void',
    'voided',
    'invalid',
    'chargeback',
    'storniert',
    'abgelehnt',
  ],
}

/** The status that a network's word means, by `own` words first; `undefined` if unknown. */
export function statusOf(word: string, own: ReadonlyMap<string, Status> = new Map()): Status | undefined {
  const said = word.trim().toLowerCase()
  return own.get(said) ?? statuses.find((status) => words[status].includes(said))
}

const statuses: readonly Status[] = ['pending', 'approved', 'rejected']
