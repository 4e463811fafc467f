/** Reasons and text blocks: one edition, edited as a whole. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export type Phrase = Wire<'Phrase'>
export type PhraseList = Phrase['list']
export const LISTS = ['unconfirmed', 'answer', 'task'] as const satisfies readonly PhraseList[]
/** Lists of blocks: what they put in stands beside what they are called. */
export const BLOCKS: readonly PhraseList[] = ['answer', 'task']
export const phrases = () => request<Wire<'Phrases'>>('GET', 'phrases')
export const change = (body: Wire<'PhrasesBody'>) => request<Wire<'Phrases'>>('PUT', 'phrases', body)
export const editions = () => request<Wire<'PhraseEdition'>[]>('GET', 'phrases/editions')
export const goBack = (number: number, to: number) => request<Wire<'Phrases'>>('POST', 'phrases/back', { number, to })
