import { defineConfig } from 'vitest/config';

// Apart from vite.config.ts: the test runner brings its own version of the bundler.
export default defineConfig({ test: { include: ['tests/**/*.test.ts'] } });
