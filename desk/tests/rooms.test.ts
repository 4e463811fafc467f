/** How the desk's folders may lean on each other, and what each room tells of itself. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GROUPS } from '../src/kit/room'
import { ROOMS } from '../src/rooms'

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ts|vue)$/.test(file) && file !== 'api.d.ts')
const imports = files.flatMap((file) => [...readFileSync(join('src', file), 'utf8').matchAll(/from '@\/([^']+)'/g)].map((match) => [file, match[1] as string] as const))
const among = (from: string, to: RegExp) => imports.filter(([file, module]) => file.startsWith(from) && to.test(module))

test('the kit knows neither telephone nor room nor frame', () => {
  expect(among('kit/', /^(telephone|rooms|frame)\//)).toEqual([])
})

test('of the rooms the telephone knows only what one may ask them', () => {
  expect(among('telephone/', /^(rooms\/(?!\w+\/api$)|frame\/)/)).toEqual([])
})

test('no room knows the frame around it', () => {
  expect(among('rooms/', /^frame\//)).toEqual([])
})

test('each room has a file that tells of it and is in the list', () => {
  const folders = readdirSync('src/rooms', { withFileTypes: true }).filter((one) => one.isDirectory())

  expect(folders.filter((one) => !existsSync(`src/rooms/${one.name}/room.ts`))).toEqual([])
  expect(ROOMS).toHaveLength(folders.length)
})

test('pages and rooms have names and paths of their own, and every entry belongs to a group', () => {
  const pages = ROOMS.flatMap((room) => room.pages)

  expect(new Set(pages.map((page) => page.name)).size).toBe(pages.length)
  expect(new Set(pages.map((page) => page.path)).size).toBe(pages.length)
  expect(new Set(ROOMS.map((room) => room.name)).size).toBe(ROOMS.length)
  expect(ROOMS.filter((room) => room.entry && !GROUPS.includes(room.entry.group))).toEqual([])
})
