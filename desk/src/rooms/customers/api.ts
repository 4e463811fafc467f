/** Customers and their import. */
import { query, request, upload } from '@/kit/http'
import type { Wire } from '@/kit/wire'

type Import = Wire<'Import'>
const id = encodeURIComponent

/** Every order there is, the usual one first. */
export const CUSTOMER_SORTS = ['added', '-added', 'number', '-number', 'tier', '-tier'] as const
export type CustomerSort = (typeof CUSTOMER_SORTS)[number]
export const customers = (filter: { q?: string; limit?: number; after?: string; sort?: CustomerSort }) => request<Wire<'CustomerPage'>>('GET', `customers${query(filter)}`)
export const newCustomer = (body: Wire<'CustomerBody'>) => request<Wire<'Customer'>>('POST', 'customers', body)
export const changeCustomer = (customerId: number, body: Wire<'CustomerBody'>) =>
  request<Wire<'Customer'>>('PUT', `customers/${customerId}`, body)

export const uploadCustomers = (file: File, sent: (share: number) => void) => upload<Import>(`customer-imports${query({ name: file.name.slice(-80) })}`, file, sent)
export const ownImports = () => request<Import[]>('GET', 'customer-imports')
export const callOffImport = (importId: string) => request<void>('DELETE', `customer-imports/${id(importId)}`)
export const customerImport = (importId: string) => request<Import>('GET', `customer-imports/${id(importId)}`)
export const lookAtImport = (importId: string, body: Wire<'ImportLayout'>) => request<Import>('POST', `customer-imports/${id(importId)}/look`, body)
export const startImport = (importId: string, body: Wire<'ImportStart'>) => request<Import>('POST', `customer-imports/${id(importId)}/start`, body)
export const importReportUrl = (importId: string) => `/api/customer-imports/${id(importId)}/report`
