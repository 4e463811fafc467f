import vue from '@vitejs/plugin-vue'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_OPTIONS_API__: 'true', // Element Plus needs it
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
    __INTLIFY_JIT_COMPILATION__: 'true', // an interpreter, not new Function: the page's CSP allows no eval
  },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false }, // the polyfill is for browsers that have no WebRTC either
    chunkSizeWarningLimit: 600,
  },
  // `npm run dev` beside a running `tingsu run`
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8080', ws: true } } },
})
