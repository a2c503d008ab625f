import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// As the bundler does: an imported .svg is its text.
const svgAsText = {
  name: 'svg-as-text',
  enforce: 'pre',
  load(id) {
    if (id.endsWith('.svg')) {
      return `export default ${JSON.stringify(readFileSync(id, 'utf8'))}`;
    }
  }
};

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../node_modules/.vite',
  plugins: [svgAsText],
  test: {
    include: ['tests/**/*.spec.{ts,tsx}'],
    environment: 'jsdom',
    globals: true,
    css: false,
    setupFiles: ['tests/setup.mjs'],
    server: {
      deps: {
        // These ship untranspiled modules or import style sheets.
        inline: [
          /@jupyterlab\//,
          /@jupyter\//,
          /@lumino\//,
          /@rjsf\//,
          /@microsoft\//,
          /exenv-es6/
        ]
      }
    }
  }
});
