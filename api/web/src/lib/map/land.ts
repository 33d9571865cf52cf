// A quiet ground under the roads: where roads are, there is country. Drawn once from the roads that the first view
// shows, at low resolution, since the tiles hold no coast. It claims nothing about land use.

import type { Coordinates, Map as GlMap } from 'maplibre-gl';
import type { Position } from 'geojson';
import type { Region } from '../protocol';
import type { Theme } from '../theme';

const WIDTH_PX = 1024;
/** Margin around the region, as a share of its size. */
const MARGIN = 0.12;
/** Distance from a road that still counts as country. */
const REACH_M = 1200;
const LAYER = 'near';

const drawn = new WeakMap<GlMap, { key: string; canvas: HTMLCanvasElement }>();

export function drawLand(map: GlMap, region: Region, theme: Theme): void {
  if (!map.getSource('region') || map.getLayer(LAYER)) return;
  const key = JSON.stringify([region.bounds, theme.dark]);
  let picture = drawn.get(map);
  if (picture?.key !== key) {
    const canvas = render(map, region, theme);
    if (!canvas) return;
    picture = { key, canvas };
    drawn.set(map, picture);
  }
  const [south, west, north, east] = frame(region);
  if (!map.getSource(LAYER)) {
    const { canvas } = picture;
    const coordinates: Coordinates = [[west, north], [east, north], [east, south], [west, south]];
    map.addSource(LAYER, { type: 'canvas', canvas, coordinates, animate: false });
  }
  const paint = { 'raster-fade-duration': 0, 'raster-opacity': 1 };
  map.addLayer({ id: LAYER, type: 'raster', source: LAYER, paint }, 'road-track');
}

function render(map: GlMap, region: Region, theme: Theme): HTMLCanvasElement | null {
  const roads = map.querySourceFeatures('region', { sourceLayer: 'roads' });
  if (roads.length === 0) return null;
  const [south, west, north, east] = frame(region);
  const top = mercator(north);
  const scale = WIDTH_PX / (east - west);
  const height = Math.round((((top - mercator(south)) * 180) / Math.PI) * scale);
  if (height < 16 || height > 4 * WIDTH_PX) return null;
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH_PX;
  canvas.height = height;
  const pen = canvas.getContext('2d');
  if (!pen) return null;
  const metre = scale / (111_195 * Math.cos((((north + south) / 2) * Math.PI) / 180));
  pen.lineCap = pen.lineJoin = 'round';
  pen.strokeStyle = theme.map.near;
  pen.lineWidth = Math.max(8, 2 * REACH_M * metre);
  pen.filter = `blur(${Math.max(2, REACH_M * metre * 0.35)}px)`;
  const x = (lon: number) => (lon - west) * scale;
  const y = (lat: number) => (((top - mercator(lat)) * 180) / Math.PI) * scale;
  pen.beginPath();
  for (const { geometry } of roads) {
    const lines: Position[][] =
      geometry.type === 'LineString' ? [geometry.coordinates]
      : geometry.type === 'MultiLineString' ? geometry.coordinates
      : [];
    for (const line of lines) {
      line.forEach(([lon = 0, lat = 0], index) => (index ? pen.lineTo(x(lon), y(lat)) : pen.moveTo(x(lon), y(lat))));
    }
  }
  pen.stroke();
  return canvas;
}

function frame({ bounds: [south, west, north, east] }: Region): [number, number, number, number] {
  const [tall, wide] = [(north - south) * MARGIN, (east - west) * MARGIN];
  return [south - tall, west - wide, north + tall, east + wide];
}

function mercator(lat: number): number {
  return Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
}
