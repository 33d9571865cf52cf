// The map on the page: makes it, keeps its data fresh, and tells what was clicked. Knows nothing of the panel.

import { LngLatBounds, Map as GlMap, setWorkerUrl, type GeoJSONSource } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { GeoJSON } from 'geojson';
import type { LatLon, Region } from '../protocol';
import type { Theme } from '../theme';
import { ICON_RATIO, drawIcons } from './icons';
import { buildStyle, type SourceName } from './style';
import { drawLand } from './land';

setWorkerUrl(new URL(workerUrl, document.baseURI).href);

export type Hit = { kind: 'vehicle' | 'ride'; id: string };

/** Pixels at each side that are covered by other things. */
export interface Margins {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface MapHooks {
  hit(hit: Hit | null, at: LatLon): void;
  frame(wallMs: number, sinceMs: number): void;
  /** The map cannot be drawn, or can again when `why` is empty. */
  failed(why: string): void;
}

/** Drawing more often than this costs battery and shows nothing. */
const FRAME_MS = 33;
/** A machine that takes longer than this to draw is left half of its time for everything else. */
const SLOW_MS = 100;
const REACH_PX = 14;

export class MapView {
  readonly map: GlMap;
  #region: Region;
  #tiles: string;
  #theme: Theme;
  #hooks: MapHooks;
  #data = new Map<SourceName, GeoJSON>();
  #told = new Map<SourceName, string>();
  #frame = 0;
  #drawnAt = 0;
  #tickedAt = 0;
  /** The longest recent frame, forgotten bit by bit. */
  #slowestMs = 0;

  constructor(container: HTMLElement, region: Region, tiles: string, theme: Theme, hooks: MapHooks) {
    this.#region = region;
    this.#tiles = tiles;
    this.#theme = theme;
    this.#hooks = hooks;
    this.map = new GlMap({
      container,
      style: buildStyle(theme, region, tiles),
      bounds: boundsOf(region),
      minZoom: 5,
      maxZoom: 18,
      attributionControl: false, // the page shows it itself, always
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: 0, // moving symbols must not fade
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.on('style.load', () => this.#dress());
    this.map.on('click', (event) => {
      const at: LatLon = [event.lngLat.lat, event.lngLat.lng];
      this.#hooks.hit(this.#hitAt(event.point.x, event.point.y), at);
    });
    this.map.on('mousemove', (event) => {
      const hit = this.#hitAt(event.point.x, event.point.y);
      this.map.getCanvas().style.cursor = hit ? 'pointer' : '';
    });
    this.map.on('error', ({ error }) => console.info('map:', error.message));
    this.map.on('webglcontextlost', () => hooks.failed('WebGL'));
    this.map.on('webglcontextrestored', () => hooks.failed(''));
    this.map.on('sourcedata', ({ sourceId }) => {
      if (sourceId === 'region' && this.map.isSourceLoaded('region')) drawLand(this.map, this.#region, this.#theme);
    });
    this.#frame = requestAnimationFrame(this.#tick);
  }

  /** Shows new data; every change costs a drawing of the whole map, so what is the same is not handed on. */
  set(source: SourceName, data: GeoJSON): void {
    const text = JSON.stringify(data);
    if (text === this.#told.get(source)) return;
    this.#told.set(source, text);
    this.#data.set(source, data);
    this.map.getSource<GeoJSONSource>(source)?.setData(data);
  }

  paint(theme: Theme): void {
    if (theme === this.#theme) return;
    this.#theme = theme;
    this.map.setStyle(buildStyle(theme, this.#region, this.#tiles), { diff: false });
  }

  fit(padding: Margins, still: boolean): void {
    this.map.fitBounds(boundsOf(this.#region), { padding, animate: !still, duration: 600 });
  }

  goTo([lat, lon]: LatLon, { left, right, top, bottom }: Margins, still: boolean): void {
    const zoom = Math.max(this.map.getZoom(), 12.5);
    const offset: [number, number] = [(left - right) / 2, (top - bottom) / 2];
    this.map.easeTo({ center: [lon, lat], zoom, offset, animate: !still, duration: 600 });
  }

  centre(): LatLon {
    const { lat, lng } = this.map.getCenter();
    return [lat, lng];
  }

  remove(): void {
    cancelAnimationFrame(this.#frame);
    this.map.remove();
  }

  #dress(): void {
    for (const { name, image } of drawIcons(this.#theme)) {
      if (!this.map.hasImage(name)) this.map.addImage(name, image, { pixelRatio: ICON_RATIO });
    }
    for (const [source, data] of this.#data) this.map.getSource<GeoJSONSource>(source)?.setData(data);
    drawLand(this.map, this.#region, this.#theme);
  }

  #tick = (wallMs: number) => {
    this.#frame = requestAnimationFrame(this.#tick);
    this.#slowestMs = Math.max(Math.min(wallMs - this.#tickedAt, 1000), this.#slowestMs * 0.97);
    this.#tickedAt = wallMs;
    const since = wallMs - this.#drawnAt;
    if (since < (this.#slowestMs > SLOW_MS ? 2 * this.#slowestMs : FRAME_MS)) return;
    this.#drawnAt = wallMs;
    this.#hooks.frame(wallMs, Math.min(since, 1000));
  };

  #hitAt(x: number, y: number): Hit | null {
    if (!this.map.getLayer('vehicles')) return null;
    const found = this.map.queryRenderedFeatures(
      [[x - REACH_PX, y - REACH_PX], [x + REACH_PX, y + REACH_PX]],
      { layers: ['vehicles', 'riders', 'goals'] },
    );
    const rank = (layer: string) => ['vehicles', 'riders', 'goals'].indexOf(layer);
    const first = found.sort((a, b) => rank(a.layer.id) - rank(b.layer.id))[0];
    if (!first) return null;
    return { kind: first.layer.id === 'vehicles' ? 'vehicle' : 'ride', id: String(first.properties.id) };
  }
}

function boundsOf({ bounds: [south, west, north, east] }: Region): LngLatBounds {
  return new LngLatBounds([west, south], [east, north]);
}
