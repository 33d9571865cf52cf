// Takes a picture of the live page of a running service in a real browser, and looks whether it works:
//
//   node dev/screenshot.mjs URL OUT.png [--wait 8] [--size 1440x900] [--dark] [--lang de] [--click SELECTOR]…
//
// Fails on errors in the console, on requests to other hosts, and if the map shows no roads or no vehicles.

import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    wait: { type: 'string', default: '8' },
    size: { type: 'string', default: '1440x900' },
    dark: { type: 'boolean', default: false },
    lang: { type: 'string', default: 'en' },
    click: { type: 'string', multiple: true, default: [] },
  },
});
const [url, out] = positionals;
if (!url || !out) {
  console.error('usage: node dev/screenshot.mjs URL OUT.png [--wait s] [--size WxH] [--dark] [--lang de] [--click SELECTOR]…');
  process.exit(2);
}
const [width, height] = values.size.split('x').map(Number);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});
const faults = [];
try {
  const page = await browser.newPage({
    viewport: { width, height },
    colorScheme: values.dark ? 'dark' : 'light',
    locale: values.lang,
  });
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text().slice(0, 300)}`));
  page.on('pageerror', (error) => faults.push(`page: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol.startsWith('http') && host !== new URL(url).host) faults.push(`other host: ${request.url()}`);
  });
  await page.goto(url);
  const deadline = Date.now() + 1000 * Number(values.wait);
  for (const selector of values.click) await page.click(selector, { timeout: 5000 });
  await page.waitForTimeout(Math.max(0, deadline - Date.now()));
  const seen = await page.evaluate(() => {
    const map = globalThis.sharxiMap;
    if (!map) return { roads: 0, vehicles: 0 };
    const roads = map.getStyle().layers.map(({ id }) => id).filter((id) => id.startsWith('road-') && id !== 'road-names');
    return {
      roads: map.queryRenderedFeatures(undefined, { layers: roads }).length,
      vehicles: map.queryRenderedFeatures(undefined, { layers: ['vehicles'] }).length,
    };
  });
  await page.screenshot({ path: out });
  if (seen.roads === 0) faults.push('map: no roads drawn');
  if (seen.vehicles === 0) faults.push('map: no vehicles drawn');
  console.log(JSON.stringify({ ...seen, faults }));
} catch (error) {
  faults.push(error.message);
} finally {
  await browser.close();
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
