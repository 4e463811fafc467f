/** A machine that slept tells nobody: its clock jumps. Connections made before may be dead without a word. */
const LOOK_MS = 5000
/** More than a browser ever delays the timers of a tab in the background: once a minute. */
const GAP_MS = 90_000
/** Time that only the clock on the wall saw. */
const JUMP_MS = 5000

/** Calls back after each sleep, and when the network comes back, until the returned function is called. */
export function onWake(act: () => void): () => void {
  let wall = Date.now()
  let awake = performance.now()

  function look(): void {
    const [slept, ran] = [Date.now() - wall, performance.now() - awake]
    wall += slept
    awake += ran
    if (ran > GAP_MS || slept - ran > JUMP_MS) act()
  }

  const timer = window.setInterval(look, LOOK_MS)
  window.addEventListener('online', act)
  return () => {
    window.clearInterval(timer)
    window.removeEventListener('online', act)
  }
}
