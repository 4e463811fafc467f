/** One door to the server's HTTP side: JSON in, JSON out, three ways to fail. */
import type { Problem } from './wire'

/** The server answered and said no; `problem.code` is stable and has a sentence in the catalogue. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.message)
  }
}

/** What was shown when it was sent is no longer how it is: it is read again. */
export const isStale = (error: unknown) => error instanceof Refused && ['stale', 'held'].includes(error.problem.code)

/** No answer came: the network or the server is away. What was asked may or may not have happened. */
export class Unreachable extends Error {}

/** Not asked, or no longer: whoever asks is logging out. That is nobody's trouble. */
export class Left extends Unreachable {}

/** Nobody logs out: something has begun that is finished first. */
export class Stays extends Error {}

const TIME_LIMIT_MS = 15_000
const UPLOAD_LIMIT_MS = 600_000
/** What anybody may ask who is nobody yet. */
const DOORS = new Set(['login', 'me'])
let loggedOut: () => void = () => undefined
/** The token of the link by which somebody came who is not logged in; '' for everybody else. */
let link = ''
/** What may be asked: all of it; while somebody logs out what is written, until it is; then nothing, until a session begins. */
let door: 'open' | 'writing' | 'shut' = 'open'
const reading = new Set<AbortController>()
const writing = new Set<Promise<unknown>>()

/** `whenLoggedOut` is called when the server no longer knows our session. */
export function onLoggedOut(whenLoggedOut: () => void): void {
  loggedOut = whenLoggedOut
}

/** From now on everything is asked by this link; '' ends that. Whoever is logged in in this browser stays that, and is not asked as. */
export function comesBy(token: string): void {
  link = token
}

export const isByLink = () => link !== ''

const inName = (): Record<string, string> => (link ? { 'Tingsu-Link': link } : {})

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as Partial<Problem>
    if (typeof body.code === 'string') return { message: '', fields: [], ...body, code: body.code }
  } catch {
    // not our own error body (a proxy's page): fall through to the status
  }
  return { code: response.status >= 500 ? 'server' : 'unknown', message: response.statusText, fields: [] }
}

/** `letGo`: whoever asked no longer wants to know. */
export function request<T>(method: string, path: string, body?: unknown, letGo?: AbortSignal): Promise<T> {
  const isRefused = door === 'shut' || (door === 'writing' && method === 'GET')
  if (isRefused && !DOORS.has(path)) return Promise.reject(new Left(path))
  const headers = body === undefined ? undefined : { 'Content-Type': 'application/json' }
  const how = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }
  return method === 'GET' ? ask<T>(path, how, reading, letGo) : writes(ask<T>(path, how))
}

function writes<T>(asked: Promise<T>): Promise<T> {
  const over = () => void writing.delete(asked)
  writing.add(asked)
  asked.then(over, over)
  return asked
}

/** Everything is written, with what follows on it, as a confirmation follows on what was typed before it. */
async function written(): Promise<void> {
  const end = performance.now() + TIME_LIMIT_MS
  while (writing.size) {
    if (performance.now() > end) door = 'shut' // one after another, they could go on for ever
    await Promise.allSettled(writing)
    await new Promise((resolve) => setTimeout(resolve)) // by then what follows has begun
  }
}

/**
 * The last question of a session. What is being written comes first, what is being read is let go, and nothing is asked any more: what
 * arrived after the log-out would be refused, which a browser notes as a fault of the page. A log-out that failed, or that somebody who
 * `stays` takes back meanwhile, ends nothing.
 */
export async function lastly<T>(method: string, path: string, stays: () => boolean): Promise<T> {
  if (stays()) throw new Stays(path)
  door = 'writing'
  for (const asking of reading) asking.abort()
  if (writing.size) await written()
  if (stays()) {
    begins()
    throw new Stays(path)
  }
  door = 'shut'
  try {
    return await ask<T>(path, { method })
  } catch (error) {
    if (!(error instanceof Refused && error.status === 401)) begins()
    throw error
  }
}

/** Somebody is known to the server: from now on what is asked is asked in their name. */
export function begins(): void {
  door = 'open'
}

/** A file as it is, for as long as its size takes; `sent` hears what share of it has gone. `fetch` would not say. */
export function upload<T>(path: string, file: Blob, sent: (share: number) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const asking = new XMLHttpRequest()
    const fail = () => reject(new Unreachable(path))
    asking.open('POST', `/api/${path}`)
    for (const [name, value] of Object.entries(inName())) asking.setRequestHeader(name, value)
    asking.timeout = UPLOAD_LIMIT_MS
    asking.upload.onprogress = (event) => sent(event.lengthComputable ? event.loaded / event.total : 0)
    asking.onerror = asking.ontimeout = asking.onabort = fail
    asking.onload = () => {
      const response = new Response(asking.response as string, { status: asking.status, statusText: asking.statusText })
      read<T>(response, path).then(resolve, reject)
    }
    asking.send(file)
  })
}

async function ask<T>(path: string, how: RequestInit, among?: Set<AbortController>, letGo?: AbortSignal, take = (response: Response) => read<T>(response, path)): Promise<T> {
  const asking = new AbortController()
  const abort = () => asking.abort()
  letGo?.addEventListener('abort', abort)
  const timer = setTimeout(() => asking.abort(), TIME_LIMIT_MS)
  among?.add(asking)
  try {
    const response = await fetch(`/api/${path}`, { ...how, headers: { ...(how.headers as Record<string, string> | undefined), ...inName() }, credentials: 'same-origin', cache: 'no-store', signal: asking.signal })
    return await take(response)
  } catch (error) {
    if (error instanceof Refused) throw error
    throw door !== 'open' && among ? new Left(path) : new Unreachable(path)
  } finally {
    clearTimeout(timer)
    letGo?.removeEventListener('abort', abort)
    among?.delete(asking)
  }
}

async function read<T>(response: Response, path: string): Promise<T> {
  if (!response.ok) {
    const problem = await problemOf(response)
    if (response.status === 401 && !link && path !== 'login' && path !== 'me/password') loggedOut()
    throw new Refused(response.status, problem)
  }
  if (response.status === 204 || response.headers.get('content-length') === '0') return undefined as T
  return (await response.json()) as T
}

/** A file that the server makes (of what is sent, where something is), and the name that it gives it. */
export function file(path: string, body?: unknown): Promise<{ content: Blob; name: string }> {
  if (door !== 'open') return Promise.reject(new Left(path))
  const how = body === undefined ? { method: 'GET' } : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
  return ask(path, how, reading, undefined, async (response) => {
    if (!response.ok) await read(response, path)
    const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1]
    return { content: await response.blob(), name: name ?? 'file' }
  })
}

/** A query string of what is set. */
export function query(values: Record<string, string | number | undefined | null>): string {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '')
  return set.length ? `?${new URLSearchParams(set.map(([key, value]) => [key, String(value)])).toString()}` : ''
}
