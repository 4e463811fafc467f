/** Whether it is being asked to whom the caller is handed on, and who was chosen for that elsewhere: in the palette. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

export const useHanding = defineStore('handing', () => {
  const isOpen = ref(false)
  /** An extension; '' if it is still to be said. */
  const to = ref('')

  function begin(extension = ''): void {
    to.value = extension
    isOpen.value = true
  }

  function end(): void {
    isOpen.value = false
    to.value = ''
  }

  return { isOpen, to, begin, end }
})
