import vue from '@vitejs/plugin-vue'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const OUT = 'dist'

/** Beside every text a zipped twin, which the server sends as it is: zipped once, not for every browser. */
function zippedTwins(): Plugin {
  return {
    name: 'zipped-twins',
    apply: 'build',
    closeBundle() {
      const texts = readdirSync(OUT, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(js|css|html|svg)$/.test(file))
      for (const file of texts) writeFileSync(join(OUT, `${file}.gz`), gzipSync(readFileSync(join(OUT, file)), { level: 9 }))
    },
  }
}

/** The faces' licence (OFL) goes with them. */
function licences(): Plugin {
  return {
    name: 'licences',
    apply: 'build',
    generateBundle() {
      for (const face of ['inter', 'noto-sans-sc']) {
        this.emitFile({ type: 'asset', fileName: `assets/${face}.LICENSE.txt`, source: readFileSync(`node_modules/@fontsource-variable/${face}/LICENSE`) })
      }
    },
  }
}

export default defineConfig({
  plugins: [vue(), zippedTwins(), licences()],
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
    outDir: OUT,
    target: 'es2022',
    assetsInlineLimit: (file) => (file.endsWith('.woff2') ? false : undefined), // a face stands in a file of its own: kept for ever, and not in the styles
    modulePreload: { polyfill: false }, // the polyfill is for browsers that have no WebRTC either
  },
  // `npm run dev` beside a running `tingsu run`
  server: { proxy: { '/api': { target: 'http://127.0.0.1:8080', ws: true } } },
})
