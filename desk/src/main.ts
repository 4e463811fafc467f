import 'element-plus/theme-chalk/base.css'
import 'element-plus/theme-chalk/el-dialog.css'
import 'element-plus/theme-chalk/el-overlay.css'
import 'element-plus/theme-chalk/el-message.css'
import 'element-plus/theme-chalk/el-popover.css'
import 'element-plus/theme-chalk/el-popper.css'
import '@/kit/fonts.css'
import '@/kit/theme.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from '@/frame/App.vue'
import { router } from '@/frame/router'
import { dress } from '@/kit/look'
import { i18n } from './words'

dress()

createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')

/** Which letters lie in which of its hundred files is more text than all our styles: read once the page is drawn. Without it the machine's own face stays. */
import('@fontsource-variable/noto-sans-sc/wght.css').catch(() => undefined)
