import { defineConfig } from 'vitest/config';

// Apart from vite.config.ts: the tests are of logic alone and need no components compiled.
export default defineConfig({ test: { include: ['tests/**/*.test.ts'] } });
