/** Work orders, what leaves the centre about them, and departments. */
import { query, request, upload } from '@/kit/http'
import type { Order, Wire } from '@/kit/wire'

export const departments = () => request<Wire<'Departments'>>('GET', 'departments')
export const ordersOf = (ticketId: number) => request<Order[]>('GET', `tickets/${ticketId}/orders`)
/** What was sent to one's own department. */
export const myOrders = (over: boolean, after?: number) => request<Order[]>('GET', `orders${query({ limit: 20, after, over: over ? 'yes' : undefined })}`)
export const order = (orderId: number) => request<Order>('GET', `orders/${orderId}`)
/** Why the clocks of a ticket and its orders, or of one order, end when they do. */
export const clocksOf = (ticketId: number) => request<Wire<'ClockExplained'>[]>('GET', `tickets/${ticketId}/clocks`)
export const clocksOfOrder = (orderId: number) => request<Wire<'ClockExplained'>[]>('GET', `orders/${orderId}/clocks`)
export const dispatch = (ticketId: number, body: Wire<'DispatchBody'>) => request<Order>('POST', `tickets/${ticketId}/orders`, body)
/** A step with an order: its own body each. */
export const step = (orderId: number, name: string, body: object) => request<Order>('POST', `orders/${orderId}/${name}`, body)
export const rewrite = (paperId: number, body: Wire<'PaperBody'>) => request<Order>('PUT', `papers/${paperId}`, body)
export const drop = (paperId: number, version: number) => request<Order>('POST', `papers/${paperId}/drop`, { version })
export const review = (paperId: number, body: Wire<'ReviewBody'>) => request<Order>('POST', `papers/${paperId}/review`, body)
export const reviews = () => request<Wire<'ReviewRow'>[]>('GET', 'reviews')
/** The register of written warnings, newest first. */
export const warnings = (after?: number) => request<Wire<'WarningRow'>[]>('GET', `warnings${query({ limit: 40, after })}`)
/** What a department has handed in with an order, and what it may add. */
export const evidence = (orderId: number) => request<Wire<'EvidenceOfOrder'>>('GET', `orders/${orderId}/evidence`)
/** Where the link leads by which one came. */
export const linked = () => request<Wire<'Linked'>>('GET', 'link')
export const evidenceUrl = (evidenceId: number) => `/api/evidence/${evidenceId}`
export const addEvidence = (order: Order, file: File, sent: (share: number) => void) => upload<Wire<'EvidenceAdded'>>(`orders/${order.id}/evidence${query({ version: order.version, name: file.name.slice(-200) })}`, file, sent)
