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
  /** Answer was pressed in a tab that waits; true if something rings here. */
  answer(): boolean
}

/** A tab that is there reacts at once, in the background too. */
const REACTS_MS = 1500
type Word = 'answer' | 'answering'

/** Without the Web Locks API (an insecure page) there is nothing to arbitrate with: every tab holds it. */
const locks = () => navigator.locks as LockManager | undefined

export class Tab {
  held = false
  private readonly phone: string
  private readonly talk: string
  private waiting = new AbortController()
  private gone = false
  /** On which the tabs that wait are heard, while this one has the phone. */
  private ear: BroadcastChannel | null = null
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

  /** Tells the tab with the phone to answer; false when none does. */
  askToAnswer(): Promise<boolean> {
    const channel = new BroadcastChannel(this.phone)
    const reacted = new Promise<boolean>((resolve) => {
      channel.onmessage = ({ data }: MessageEvent<Word>) => data === 'answering' && resolve(true)
      setTimeout(() => resolve(false), REACTS_MS)
      channel.postMessage('answer' satisfies Word)
    })
    return reacted.finally(() => channel.close())
  }

  /** For good. */
  release(): void {
    this.gone = true
    this.listen(false)
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

  private listen(does: boolean): void {
    this.ear?.close()
    this.ear = does && locks() ? new BroadcastChannel(this.phone) : null
    if (!this.ear) return
    this.ear.onmessage = ({ data }: MessageEvent<Word>) => data === 'answer' && this.events.answer() && this.ear?.postMessage('answering' satisfies Word)
  }

  private keep(letGo = () => {}): void {
    this.held = true
    this.listen(true)
    this.letGo = letGo
    this.events.held()
  }

  private stolen(): void {
    this.held = false
    this.listen(false)
    this.events.lost()
    this.wait()
  }
}
