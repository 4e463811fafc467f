/** Peaks made as wide as the screen has room for: the lowest and the highest of each column. Pure. */
export type Column = readonly [low: number, high: number]

/** `pairs`: low, high, low, high … over the whole recording. */
export function columns(pairs: readonly number[], width: number): Column[] {
  const points = Math.floor(pairs.length / 2)
  return Array.from({ length: width }, (_, x) => {
    const from = Math.floor((x / width) * points)
    const to = Math.max(from + 1, Math.floor(((x + 1) / width) * points))
    let [low, high] = [0, 0]
    for (let i = from; i < to; i++) {
      low = Math.min(low, pairs[2 * i] ?? 0)
      high = Math.max(high, pairs[2 * i + 1] ?? 0)
    }
    return [low, high]
  })
}
