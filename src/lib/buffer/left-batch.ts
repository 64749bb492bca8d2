import { type FileHandle, open } from 'node:fs/promises'
import type { Batch } from './batch.ts'
import { type SegmentFile, startOfSegment } from './segments.ts'

/** Takes less than a millisecond. */
const defaultPiece = 256 * 1024
/** No pattern that is searched for is longer. */
const overlap = 32
const newline = 0x0a
/** Quotes in what visitors send are escaped, so it cannot contain these patterns. */
const kind = Buffer.from('"kind":"')
const noOffer = Buffer.from('"offer_id":null')
const time = /"at":(-?\d+)/

type BatchCounts = Pick<Batch, 'count' | 'unchecked' | 'since'>

/**
 * The batch of a segment that an earlier run has left, which stays on disk until its turn. A line without a
 * recognisable event counts as one. A start may find a gigabyte of segments, so they are counted in small pieces, and
 * redirects are answered in between.
 */
export async function leftBatch(file: SegmentFile, pieceBytes = defaultPiece): Promise<Batch> {
  const counts = await countSegment(file.path, pieceBytes).catch(() => unreadable(file))
  return { file, lines: undefined, left: true, ...counts }
}

/** What cannot be read now has at least one event, and none that is older than its file. */
const unreadable = ({ path }: SegmentFile): BatchCounts => ({
  count: 1,
  unchecked: 0,
  since: startOfSegment(path),
})

async function countSegment(path: string, pieceBytes: number): Promise<BatchCounts> {
  const file = await open(path)
  try {
    return await count(file, startOfSegment(path), Buffer.allocUnsafe(pieceBytes))
  } finally {
    await file.close()
  }
}

async function count(file: FileHandle, startedAt: number, space: Buffer): Promise<BatchCounts> {
  const counts: BatchCounts = { count: 0, unchecked: 0, since: startedAt }
  let carried = 0
  let timed = false
  let line = { bytes: 0, events: 0 }

  const endLine = (): void => {
    if (line.bytes > 0) counts.count += Math.max(1, line.events)
    line = { bytes: 0, events: 0 }
  }

  for (let ended = false; !ended; ) {
    const { bytesRead } = await file.read(space, carried, space.length - carried)
    ended = bytesRead === 0
    const piece = space.subarray(0, carried + bytesRead)
    // A pattern that begins before `end` is complete in this piece; the rest is carried into the next one.
    const end = ended ? piece.length : Math.max(0, piece.length - overlap)
    for (let from = 0; from < end; ) {
      const found = piece.indexOf(newline, from)
      const lineEnd = found === -1 ? end : Math.min(found, end)
      line.bytes += lineEnd - from
      line.events += occurrences(piece, kind, from, lineEnd)
      if (lineEnd < end) endLine()
      from = lineEnd + 1
    }
    counts.unchecked += occurrences(piece, noOffer, 0, end)
    const first = timed ? null : time.exec(piece.toString('latin1'))
    if (first && first.index < end) {
      counts.since = Number(first[1])
      timed = true
    }
    carried = piece.copy(space, 0, end)
  }
  endLine()
  return counts
}

/** How often a pattern begins in a part of a piece. */
function occurrences(piece: Buffer, sign: Buffer, from: number, end: number): number {
  const part = piece.subarray(from, end + sign.length - 1)
  let count = 0
  for (let at = part.indexOf(sign); at !== -1; at = part.indexOf(sign, at + sign.length)) count += 1
  return count
}
