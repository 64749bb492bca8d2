/**
 * Texts of a page that are drawn over one another, for `page.evaluate`: by the boxes of their letters, as far as
 * they are seen. Boxes reach a little above and below the letters, so a quarter of the height is nothing.
 */
export const overlappingTexts = (): string[] => {
  type Box = { text: string; left: number; right: number; top: number; bottom: number }
  const seenOf = (node: Node, rect: DOMRect): Box | undefined => {
    const box = { left: rect.left, right: rect.right, top: rect.top, bottom: rect.bottom }
    for (let one = node.parentElement; one; one = one.parentElement) {
      const style = getComputedStyle(one)
      if (style.visibility === 'hidden' || style.clipPath !== 'none') return undefined
      if (style.overflowX === 'visible' || one instanceof SVGElement) continue
      const clip = one.getBoundingClientRect()
      box.left = Math.max(box.left, clip.left)
      box.right = Math.min(box.right, clip.right)
      box.top = Math.max(box.top, clip.top)
      box.bottom = Math.min(box.bottom, clip.bottom)
    }
    if (box.right - box.left < 1 || box.bottom - box.top < 1) return undefined
    return { text: (node.textContent ?? '').trim(), ...box }
  }
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const boxes: (Box & { node: Node })[] = []
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.textContent?.trim() || node.parentElement?.closest('title, script, datalist, option')) continue
    if (!node.parentElement?.checkVisibility()) continue
    const range = document.createRange()
    range.selectNodeContents(node)
    for (const rect of range.getClientRects()) {
      const seen = seenOf(node, rect)
      if (seen) boxes.push({ ...seen, node })
    }
  }
  boxes.sort((a, b) => a.top - b.top)
  const found = new Set<string>()
  for (const [place, one] of boxes.entries())
    for (let next = place + 1; next < boxes.length; next += 1) {
      const other = boxes[next]
      if (!other || other.top >= one.bottom) break
      if (other.node === one.node) continue
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left)
      const down = Math.min(one.bottom, other.bottom) - other.top
      const height = Math.min(one.bottom - one.top, other.bottom - other.top)
      if (across > 1 && down > height * 0.25) found.add(`${one.text} | ${other.text}`)
    }
  return [...found]
}
