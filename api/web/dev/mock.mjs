// A stand-in for the service, FOR DEVELOPMENT OF THE PAGE ONLY: made-up villages and roads, a made-up fleet, no promise
// behind any promise. It speaks enough of docs/protocol.md to draw, book and break things.
//
//   node dev/mock.mjs [--port 8787] [--vehicles 24] [--rate 70] [--speed 20] [--root dist]
//
// `rate` is requests an hour. With `--root` it serves the built page at / as the service would.

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { makeCountry } from './country.mjs';
import { Fleet } from './fleet.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8787' },
    vehicles: { type: 'string', default: '24' },
    rate: { type: 'string', default: '70' },
    speed: { type: 'string', default: '20' },
    root: { type: 'string', default: 'dist' },
  },
});

const speed = Number(values.speed);
const country = makeCountry(7);
const fleet = new Fleet(country, { vehicles: Number(values.vehicles), rate: Number(values.rate), start: Date.parse('2025-05-13T06:30:00Z') });
const started = Date.now();
const now = () => Date.parse('2025-05-13T06:30:00Z') + (Date.now() - started) * speed;
const iso = (ms) => new Date(ms).toISOString();

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

// What the page gets along with; the service should send the same.
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:; frame-ancestors 'none'";

const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://mock').pathname;
  const json = (value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  const tile = /^\/tiles\/(\d+)\/(\d+)\/(\d+)\.mvt$/.exec(path);
  if (tile) {
    const bytes = country.tile(...tile.slice(1).map(Number));
    if (!bytes) return response.writeHead(204).end();
    return response.writeHead(200, { 'content-type': 'application/vnd.mapbox-vector-tile' }).end(bytes);
  }
  if (path === '/v1/auth') return json({ mode: 'open' });
  if (path === '/v1/region') return json({ ...country.region, places: country.places });
  if (path === '/v1/vehicles') return json(fleet.vehicleRecords(now()));
  const file = join(values.root, normalize(path === '/' ? '/index.html' : path));
  if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-security-policy': POLICY });
  createReadStream(file).pipe(response);
});

const sockets = new Set();
const kept = [];

fleet.publish = (message) => {
  if (message.type === 'event') {
    kept.push(message);
    if (kept.length > 2000) kept.shift();
  }
  const text = JSON.stringify(message);
  for (const socket of sockets) socket.send(text);
};

new WebSocketServer({ server, path: '/v1/ws' }).on('connection', (socket) => {
  const send = (message) => socket.send(JSON.stringify(message));
  socket.on('close', () => sockets.delete(socket));
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.type === 'hello') {
      send({
        type: 'welcome', protocol: 1, now: iso(now()), speed, seq: fleet.seq, region: country.region,
        policy: { max_wait_s: 900, ride_alpha: 1.5, ride_beta_s: 600 },
      });
      const missed = message.resume === undefined ? null : kept.filter(({ seq }) => seq > message.resume);
      if (missed && (missed[0]?.seq ?? message.resume + 1) === message.resume + 1) missed.forEach(send);
      else {
        if (missed) send({ type: 'gap', seq: fleet.seq });
        send(fleet.snapshot(now()));
      }
      sockets.add(socket);
    } else {
      send({ id: message.id, ...fleet.command(message, now()) });
    }
  });
});

setInterval(() => {
  fleet.advance(now());
  const { kpi, positions } = fleet.reports(now());
  fleet.publish(positions);
  fleet.publish(kpi);
}, 1000);

server.listen(Number(values.port), '127.0.0.1', () => console.log(`mock service (development only) on http://127.0.0.1:${values.port}/`));
