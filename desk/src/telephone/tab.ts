/**
 * One tab of a browser holds a person's phone: a second registration would throw the first one off. The others wait in line
 * for it, and may take it over except from under a call.
 */

export interface TabEvents {
  /** The phone is this tab's now. */
  held(): void
  /** Another tab has it; we wait. */
  waits(): void
  /** Another tab took it from us. */
  lost(): void
}

/** Without the Web Locks API (an insecure page) there is nothing to arbitrate with: every tab holds it. */
const locks = () => navigator.locks as LockManager | undefined

export class Tab {
  held = false
  private readonly phone: string
  private readonly talk: string
  private waiting = new AbortController()
  private gone = false
  private letGo = () => {}
  private endTalk = () => {}

  constructor(
    person: number,
    private readonly events: TabEvents,
  ) {
    this.phone = `tingsu.phone.${person}`
    this.talk = `tingsu.call.${person}`
  }

  /** Holds the phone as soon as no other tab does. */
  wait(): void {
    this.ask({ ifAvailable: true })
  }

  /** From the tab that has it; false, and nothing is done, while that one has a call. */
  async take(): Promise<boolean> {
    const all = await locks()?.query()
    if (all?.held?.some((lock) => lock.name === this.talk)) return false
    this.waiting.abort()
    this.ask({ steal: true })
    return true
  }

  /** For good. */
  release(): void {
    this.gone = true
    this.waiting.abort()
    this.held = false
    this.letGo()
    this.endTalk()
  }

  /** Says to the other tabs that this one has a call. */
  hasCall(does: boolean): void {
    this.endTalk()
    if (!does) return
    const over = new Promise<void>((end) => (this.endTalk = end))
    void locks()?.request(this.talk, () => over)
  }

  private ask(options: LockOptions): void {
    const manager = locks()
    if (!manager) return this.keep()
    let granted = false
    const whole = manager.request(this.phone, options, (lock) => {
      if (this.gone) return
      granted = lock !== null
      if (granted) return new Promise<void>((letGo) => this.keep(letGo))
      this.waiting = new AbortController()
      this.ask({ signal: this.waiting.signal })
      this.events.waits()
    })
    whole.catch(() => granted && this.stolen()) // AbortError: stolen, or no longer waited for
  }

  private keep(letGo = () => {}): void {
    this.held = true
    this.letGo = letGo
    this.events.held()
  }

  private stolen(): void {
    this.held = false
    this.events.lost()
    this.wait()
  }
}
