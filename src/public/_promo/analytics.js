// Improves the pages of the analytics; without it they show the same.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
const field = document.querySelector('[data-zone]')
if (field && zone && field.value !== zone) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'plain'
  button.textContent = `Use ${zone}`
  button.addEventListener('click', () => {
    field.value = zone
    button.remove()
    field.focus()
  })
  field.parentElement.after(button)
}

// What is shown follows while somebody looks at it, sentences and figures in one go. Elements are changed and not
// replaced: what was opened stays open, and focus, scrolling and what is marked stay where they are.
const keyOf = (node) =>
  [node.nodeName, node.id, node.getAttribute?.('aria-labelledby'), node.dataset?.key].join(' ')

const follow = (shown, fresh) => {
  if (shown.nodeType !== Node.ELEMENT_NODE) {
    if (shown.data !== fresh.data) shown.data = fresh.data
    return
  }
  // Somebody may be typing here.
  if (shown.localName === 'form') return
  const own = (name) => name === 'open' && shown.localName === 'details'
  for (const { name } of [...shown.attributes])
    if (!fresh.hasAttribute(name) && !own(name)) shown.removeAttribute(name)
  for (const { name, value } of fresh.attributes)
    if (shown.getAttribute(name) !== value && !own(name)) shown.setAttribute(name, value)
  let place = shown.firstChild
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child)
    let same = place
    while (same && keyOf(same) !== key) same = same.nextSibling
    if (same && same === place) place = place.nextSibling
    else shown.insertBefore(same ?? child, place)
    if (same) follow(same, child)
  }
  while (place) {
    const gone = place
    place = place.nextSibling
    gone.remove()
  }
}

// Such a request says that nobody made it, so that a tab left open does not keep its session alive.
const refresh = async () => {
  const shown = document.querySelector('[data-live]')
  if (document.hidden || !shown) return
  const answer = await fetch(location.href, {
    headers: { accept: 'text/html', 'x-unattended': 'yes' },
  }).catch(() => undefined)
  if (!answer?.ok || answer.redirected) return
  const text = await answer.text().catch(() => undefined)
  const fresh = text && new DOMParser().parseFromString(text, 'text/html').querySelector('[data-live]')
  if (!fresh) return
  const focused = document.activeElement
  follow(shown, fresh)
  // One that was moved has lost it.
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true })
}
setInterval(refresh, 60_000)
