/** A column of a list. */
export interface Column<Row> {
  key: string
  title: string
  /** In px; left out: what the others leave. */
  width?: number
  /** Left out: the list's slot of this name draws the cell. */
  text?: (row: Row) => string | null | undefined
  /** The list's name of what the server sorts by: see `useList`. */
  sort?: string
  /** Where the server gives all rows at once: what they are sorted by here. */
  by?: (row: Row) => string | number
  isSmall?: true
  /** The title is for screen readers only. */
  isUnnamed?: true
}
