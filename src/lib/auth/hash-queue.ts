/**
 * The priority of an attempt: 0 if this name has signed in from this address before, 1 for known names, 2 for the rest.
 */
export type Rank = 0 | 1 | 2

/** Without a `begin`, an attempt is not ready for its turn yet. */
type QueuePlace = { begin?: () => void }
type QueueLane = Map<string, QueuePlace[]>

/** Every this many turns the last group goes first, so that it does not wait forever. */
const turnOfTheLast = 4

/**
 * Lets one attempt at a time work, since hashing passwords would otherwise use all processors. Waiting ones go by rank,
 * and within a rank address by address, so that many attempts from one address do not delay others. Bounded: a rank has
 * `most` places, and an address `mostOfOne` of them.
 */
export function createHashQueue({ most, mostOfOne }: { most: number; mostOfOne: number }) {
  const lanes: Record<Rank, QueueLane> = { 0: new Map(), 1: new Map(), 2: new Map() }
  const first = [lanes[0], lanes[1], lanes[2]]
  let working = false
  let turns = 0

  const next = (): void => {
    if (working) return
    turns += 1
    const ordered = turns % turnOfTheLast === 0 ? first.toReversed() : first
    for (const lane of ordered)
      for (const [address, places] of lane) {
        const place = places.find(({ begin }) => begin)
        if (!place) continue
        leave(lane, address, place)
        working = true
        place.begin?.()
        return
      }
  }

  /** The address goes to the end of its lane. */
  const leave = (lane: QueueLane, address: string, place: QueuePlace): void => {
    const others = lane.get(address)?.filter((one) => one !== place)
    lane.delete(address)
    if (others && others.length > 0) lane.set(address, others)
  }

  return {
    /** Takes a place for an attempt; `undefined` if there is none left. */
    enter({ rank, address }: { rank: Rank; address: string }) {
      const lane = lanes[rank]
      const own = lane.get(address) ?? []
      const taken = [...lane.values()].reduce((sum, places) => sum + places.length, 0)
      if (taken >= most || own.length >= mostOfOne) return undefined
      const place: QueuePlace = {}
      lane.set(address, [...own, place])
      return {
        /** Works when it is this place's turn. */
        async work<Value>(work: () => Promise<Value>): Promise<Value> {
          await new Promise<void>((resolve) => {
            place.begin = resolve
            next()
          })
          return await work().finally(() => {
            working = false
            next()
          })
        },
        /** Gives the place back if there is nothing to do. */
        leave: () => leave(lane, address, place),
      }
    },
  }
}
