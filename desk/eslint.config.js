// What the compiler does not see: dead code, wrong hooks of Vue, anything that would write to the console of an agent's browser.
import vue from "eslint-plugin-vue";
import typescript from "typescript-eslint";

export default typescript.config(
  { ignores: ["dist", "src/api.d.ts"] },
  ...typescript.configs.recommended,
  ...vue.configs["flat/essential"],
  {
    languageOptions: { parserOptions: { parser: typescript.parser } },
    rules: {
      "no-console": "error",
      "no-alert": "error", // the browser's own questions speak its language, and hide a call's buttons; see kit/ask
      eqeqeq: "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "vue/no-v-html": "error", // callers' names are hostile text
      "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_" }], // taken out of an object to leave the rest
      "vue/multi-word-component-names": "off", // our words are single: Player, Clock
    },
  },
);
