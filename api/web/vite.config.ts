import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// The service that the development server passes requests on to: the mock of `dev/`, unless named.
const service = process.env.SHARXI_SERVICE ?? 'http://127.0.0.1:8787';

export default defineConfig({
  // Relative addresses only: the page works wherever the service puts it.
  base: './',
  plugins: [svelte()],
  build: {
    outDir: process.env.SHARXI_WEB_OUT ?? 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // The map library alone is near a megabyte before compression.
    chunkSizeWarningLimit: 1500,
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/v1': { target: service, ws: true },
      '/tiles': { target: service },
    },
  },
});
