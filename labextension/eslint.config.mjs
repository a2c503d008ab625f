import js from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import { defineConfig } from 'eslint/config';
import prettier from 'eslint-plugin-prettier/recommended';
import globals from 'globals';
import typescript from 'typescript-eslint';

/** No import from these folders: the layers of src point downward. */
const closed = folders => ({
  'no-restricted-imports': [
    'error',
    {
      patterns: folders.map(folder => ({
        group: [`**/${folder}/*`],
        message: 'plugins → widgets → model → api: imports point downward.'
      }))
    }
  ]
});

export default defineConfig([
  { ignores: ['lib', '**/*.mjs', '**/*.js', '**/*.d.ts'] },
  js.configs.recommended,
  typescript.configs.recommended,
  { plugins: { jupyter } },
  jupyter.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: {
        project: `${import.meta.dirname}/tsconfig.test.json`,
        sourceType: 'module'
      }
    },
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-unused-vars': ['error', { args: 'none' }],
      '@typescript-eslint/no-floating-promises': 'error',
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'max-lines': ['error', 400],
      'prefer-arrow-callback': 'error'
    }
  },
  {
    files: ['src/api/**'],
    rules: closed(['model', 'widgets', 'plugins'])
  },
  {
    files: ['src/model/**'],
    rules: closed(['widgets', 'plugins'])
  },
  {
    files: ['src/widgets/**'],
    rules: closed(['api', 'plugins'])
  },
  prettier
]);
