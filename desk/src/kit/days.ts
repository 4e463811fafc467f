/** Stretches of days as a person chooses them, and as the server wants them: half-open, in the person's own time zone. */

/** The beginning of a day ('2026-11-23'), or of the one `plus` days later; undefined for no day. */
export function edge(day: string, plus: number): string | undefined {
  const at = new Date(`${day}T00:00:00`)
  if (!day || Number.isNaN(at.getTime())) return undefined
  at.setDate(at.getDate() + plus)
  return at.toISOString()
}

/** From the first of these days to the end of the last one; what is left open is the server's to choose. */
export const spanOf = (from: string, to: string) => ({ from: edge(from, 0), to: edge(to, 1) })
