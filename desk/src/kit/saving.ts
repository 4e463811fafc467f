/** A file for the person to keep, as the browser keeps whatever is downloaded. */
export function saveAs(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href)) // the download has its own hold by then
}
