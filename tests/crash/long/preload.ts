/**
 * Loaded into a site before anything else (`node --import`): its clock steps, and what it does every ten
 * seconds or more rarely happens within a life of a second.
 */
const { LONG_CLOCK = '[]', LONG_HASTE = '1' } = process.env
const haste = Number(LONG_HASTE)
const steps: unknown = JSON.parse(LONG_CLOCK)
const realNow = Date.now
let offset = 0

const now = (): number => realNow() + offset

for (const step of Array.isArray(steps) ? steps : []) {
  const set = () => {
    offset = Number(step.by)
  }
  if (step.after === 0) set()
  else setTimeout(set, Number(step.after)).unref()
}

globalThis.Date = new Proxy(Date, {
  construct: (target, given, called) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, called),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
})

globalThis.setInterval = new Proxy(setInterval, {
  apply(target, self, [work, every, ...given]) {
    return Reflect.apply(target, self, [work, every >= 10_000 ? every / haste : every, ...given])
  },
})
