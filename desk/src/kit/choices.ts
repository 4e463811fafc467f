/** What can be chosen in a TheSelect: what it stands for, and how it is called. */
export interface Choice<Value extends string | number> {
  value: Value
  text: string
}

/** The choices of values whose texts are found in one way. */
export function choicesOf<Value extends string | number>(values: readonly Value[], text: (value: Value) => string): Choice<Value>[] {
  return values.map((value) => ({ value, text: text(value) }))
}
