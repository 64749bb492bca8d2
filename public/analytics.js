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

// The headline figures follow while somebody looks at the page. Such a request says that nobody made it, so that a tab left
// open does not keep its session alive.
const live = '[data-live]'
const refresh = async () => {
  if (document.hidden || !document.querySelector(live)) return
  const answer = await fetch(location.href, {
    headers: { accept: 'text/html', 'x-unattended': 'yes' },
  }).catch(() => undefined)
  if (!answer?.ok || answer.redirected) return
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector(live)
  if (fresh) document.querySelector(live).replaceWith(fresh)
}
setInterval(refresh, 60_000)

// What is behind a disclosure belongs on paper too.
const closed = []
addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll('.texts details:not([open])')) {
    details.open = true
    closed.push(details)
  }
})
addEventListener('afterprint', () => {
  for (const details of closed.splice(0)) details.open = false
})
