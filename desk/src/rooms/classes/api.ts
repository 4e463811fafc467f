/** Classes and words. */
import { request } from '@/kit/http'
import type { Wire } from '@/kit/wire'

export const lexicon = () => request<Wire<'Lexicon'>>('GET', 'lexicon')
export const changeLexicon = (body: Wire<'Lexicon'>) => request<Wire<'Lexicon'>>('PUT', 'lexicon', body)
