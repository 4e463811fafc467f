/** Text blocks go into what is written, at its end. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withBlock } from '../src/rooms/phrases/phrases'

test.each([['', 'Block.', 'Block.'], ['Typed.', 'Block.', 'Typed.\nBlock.'], ['Typed.\n\n', 'Block.', 'Typed.\nBlock.']])('%j with %j', (text, block, whole) => {
  expect(withBlock(text, block)).toBe(whole)
})

test.each([['tickets/CloseForm', 'answer'], ['tickets/AppealForm', 'answer'], ['hotline/DecisionForm', 'answer'], ['hotline/DecisionForm', 'task'], ['orders/StepForm', 'task']])('%s offers blocks for the %s', (form, list) => {
  expect(readFileSync(`src/rooms/${form}.vue`, 'utf8')).toMatch(new RegExp(`<TheBlocks [^>]*list="${list}"`))
})
