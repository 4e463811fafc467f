/** The Web Locks of one browser, as far as the tabs of a phone need them: in line, stolen, not waited for, asked about. */
interface Held {
  name: string
  lose(): void
}

interface Waiting {
  name: string
  begin(): void
}

export class FakeLocks {
  private held: Held[] = []
  private line: Waiting[] = []

  request = (name: string, ...rest: unknown[]): Promise<unknown> => {
    const work = rest.at(-1) as (lock: object | null) => unknown
    const options = (rest.length > 1 ? rest[0] : {}) as LockOptions
    const taken = () => this.held.find((one) => one.name === name)
    if (taken() && options.ifAvailable) return Promise.resolve(work(null))
    if (options.steal) taken()?.lose()
    return new Promise((resolve, reject) => {
      const begin = () => void this.hold(name, work, reject).then(resolve)
      if (!taken()) return begin()
      const waiting = { name, begin }
      options.signal?.addEventListener('abort', () => {
        this.line = this.line.filter((one) => one !== waiting)
        reject(new DOMException('aborted', 'AbortError'))
      })
      if (options.signal?.aborted) return reject(new DOMException('aborted', 'AbortError'))
      this.line.push(waiting)
    })
  }

  query = () => Promise.resolve({ held: this.held.map(({ name }) => ({ name })) })

  private async hold(name: string, work: (lock: object) => unknown, reject: (error: unknown) => void): Promise<void> {
    const mine: Held = {
      name,
      lose: () => {
        this.held = this.held.filter((one) => one !== mine)
        reject(new DOMException('stolen', 'AbortError'))
      },
    }
    this.held.push(mine)
    await work({ name })
    if (!this.held.includes(mine)) return
    this.held = this.held.filter((one) => one !== mine)
    const next = this.line.find((one) => one.name === name)
    this.line = this.line.filter((one) => one !== next)
    next?.begin()
  }
}
