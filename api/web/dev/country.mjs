// A made-up island for the mock service (development only): villages, roads between them, and vector tiles of both.

import { GeoJSONVT } from '@maplibre/geojson-vt';
import * as vtpbf from '@maplibre/vt-pbf';

const BOUNDS = [54.03, -4.86, 54.33, -4.34];
const NAMES = ['Ahrhafen', 'Birkenow', 'Dünwik', 'Eschede', 'Fallersgrund', 'Görlsee', 'Hagenried', 'Ilmenau', 'Klein Möhrde', 'Lüttenhof', 'Nordwall', 'Ostermoor', 'Quellental', 'Rauhenberg', 'Süderstapel', 'Tannhöft', 'Uhlenhorst', 'Weißbach'];
const METRES_PER_S = { primary: 20, secondary: 17, tertiary: 14, residential: 8 };

/** A small random source with a seed: the same country every time. */
export function dice(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function metres([lat, lon], [lat2, lon2]) {
  return Math.hypot((lat2 - lat) * 111195, (lon2 - lon) * 111195 * Math.cos((lat * Math.PI) / 180));
}

export function makeCountry(seed) {
  const random = dice(seed);
  const nodes = [];
  const arcs = [];
  const roads = [];
  const add = (at) => nodes.push(at) - 1;
  const join = (a, b, kind) => {
    const ms = (metres(nodes[a], nodes[b]) / METRES_PER_S[kind]) * 1000;
    (arcs[a] ??= []).push([b, ms]);
    (arcs[b] ??= []).push([a, ms]);
  };

  const villages = [];
  while (villages.length < NAMES.length) {
    const turn = random() * 2 * Math.PI;
    const far = Math.sqrt(random()) * 0.92;
    const at = [54.18 + Math.sin(turn) * far * 0.15, -4.6 + Math.cos(turn) * far * 0.25];
    if (villages.every((other) => metres(other.at, at) > 3600)) villages.push({ at, name: NAMES[villages.length] });
  }
  villages.forEach((village, index) => {
    village.size = index < 2 ? 4 : 1 + Math.floor(random() * 2.4);
    village.population = Math.round(village.size ** 2 * 420 + random() * 200);
    village.nodes = streets(village, random, add, join, roads, nodes);
  });
  villages.forEach((a, i) => {
    const near = villages.map((b, j) => [metres(a.at, b.at), j]).filter(([, j]) => j !== i).sort((x, y) => x[0] - y[0]);
    for (const [, j] of near.slice(0, 3)) {
      if (j < i && near.slice(0, 3).length && roads.some((road) => road.key === `${j}-${i}`)) continue;
      const key = `${Math.min(i, j)}-${Math.max(i, j)}`;
      if (roads.some((road) => road.key === key)) continue;
      const kind = a.size + villages[j].size > 6 ? 'primary' : a.size + villages[j].size > 3 ? 'secondary' : 'tertiary';
      connect(a, villages[j], kind, key, random, add, join, roads, nodes);
    }
  });

  const places = villages.map(({ name, at, population, size }) => ({
    name, kind: size === 4 ? 'town' : size > 1 ? 'village' : 'hamlet', lat: at[0], lon: at[1], population,
  }));
  const region = {
    name: 'Musterinsel', bounds: BOUNDS, attribution: '© OpenStreetMap contributors, ODbL',
  };
  return { region, places, nodes, arcs, villages, tile: tiler(roads, places), route: (from, to) => route(nodes, arcs, from, to), random };
}

/** A crooked grid around the middle of a village; returns its nodes, the middle first. */
function streets(village, random, add, join, roads, nodes) {
  const reach = village.size;
  const grid = new Map();
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      if (Math.hypot(x, y) > reach + 0.3) continue;
      const wobble = () => (random() - 0.5) * 0.0008;
      grid.set(`${x},${y}`, add([village.at[0] + y * 0.0018 + wobble(), village.at[1] + x * 0.0031 + wobble()]));
    }
  }
  village.centre = grid.get('0,0');
  nodes[village.centre] = village.at;
  for (const [key, node] of grid) {
    const [x, y] = key.split(',').map(Number);
    for (const next of [`${x + 1},${y}`, `${x},${y + 1}`]) {
      const other = grid.get(next);
      if (other === undefined || (random() < 0.12 && x !== 0 && y !== 0)) continue;
      join(node, other, 'residential');
      roads.push({ kind: 'residential', name: `${village.name}er Gasse`, line: [nodes[node], nodes[other]] });
    }
  }
  return [village.centre, ...[...grid.values()].filter((node) => node !== village.centre)];
}

function connect(a, b, kind, key, random, add, join, roads, nodes) {
  const pieces = Math.max(4, Math.round(metres(a.at, b.at) / 350));
  const [bend, bend2] = [(random() - 0.5) * 0.16, (random() - 0.5) * 0.05];
  const [dy, dx] = [b.at[0] - a.at[0], b.at[1] - a.at[1]];
  let before = a.centre;
  const line = [a.at];
  for (let piece = 1; piece <= pieces; piece++) {
    const s = piece / pieces;
    const off = Math.sin(s * Math.PI) * bend + Math.sin(s * 3 * Math.PI) * bend2;
    const node = piece === pieces ? b.centre : add([a.at[0] + dy * s + dx * off * 0.6, a.at[1] + dx * s - (dy * off) / 0.6]);
    join(before, node, kind);
    line.push(nodes[node]);
    before = node;
  }
  roads.push({ key, kind, name: `${b.name}er Straße`, line });
}

/** Fastest way as [[lat, lon, ms since departure], …]. */
function route(nodes, arcs, from, to) {
  const cost = new Map([[from, 0]]);
  const before = new Map();
  const open = new Set([from]);
  while (open.size > 0) {
    let here = -1;
    for (const node of open) if (here < 0 || cost.get(node) < cost.get(here)) here = node;
    open.delete(here);
    if (here === to) break;
    for (const [next, ms] of arcs[here] ?? []) {
      const total = cost.get(here) + ms;
      if (total >= (cost.get(next) ?? Infinity)) continue;
      cost.set(next, total);
      before.set(next, here);
      open.add(next);
    }
  }
  const way = [];
  for (let node = to; node !== undefined; node = before.get(node)) way.unshift([...nodes[node], Math.round(cost.get(node) ?? 0)]);
  return way;
}

function tiler(roads, places) {
  const collection = (features) => ({ type: 'FeatureCollection', features });
  const lonLat = ([lat, lon]) => [lon, lat];
  const layers = {
    roads: collection(roads.map(({ kind, name, line }) => ({
      type: 'Feature', properties: { class: kind, name }, geometry: { type: 'LineString', coordinates: line.map(lonLat) },
    }))),
    places: collection(places.map(({ name, kind, population, lat, lon }) => ({
      type: 'Feature', properties: { name, kind, population }, geometry: { type: 'Point', coordinates: [lon, lat] },
    }))),
  };
  const indices = Object.fromEntries(Object.entries(layers).map(([name, data]) => [name, new GeoJSONVT(data, { maxZoom: 14, indexMaxZoom: 8 })]));
  return (z, x, y) => {
    const found = {};
    for (const [name, index] of Object.entries(indices)) {
      const tile = index.getTile(z, x, y);
      if (tile) found[name] = tile;
    }
    return Object.keys(found).length > 0 ? Buffer.from(vtpbf.fromGeojsonVt(found, { version: 2 })) : null;
  };
}
