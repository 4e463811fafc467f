/** The key that makes a ticket once, however often it is sent. Not randomUUID: over plain http browsers do not have it. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
