// The map's looks: roads and places from the service's own tiles, everything else from the page's own data.
// Labels are drawn from fonts of this machine; nothing is fetched from other hosts.

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Region } from '../protocol';
import type { Theme } from '../theme';

const FONT = ['system-ui', 'Noto Sans', 'DejaVu Sans', 'sans-serif'];
// The map library reads the weight from the first name, which need not exist.
const FONT_BOLD = ['Sharxi Semibold', ...FONT];

export const SOURCES = ['legs', 'selection', 'stops', 'goals', 'riders', 'vehicles', 'picks'] as const;
export type SourceName = (typeof SOURCES)[number];

const EMPTY = { type: 'FeatureCollection' as const, features: [] };

export function buildStyle(theme: Theme, region: Region, tiles: string): StyleSpecification {
  const [south, west, north, east] = region.bounds;
  const own = Object.fromEntries(SOURCES.map((name) => [name, { type: 'geojson' as const, data: EMPTY }]));
  return {
    version: 8,
    sources: {
      region: { type: 'vector', tiles: [tiles], bounds: [west, south, east, north], minzoom: 6, maxzoom: 14 },
      ...own,
    },
    layers: [
      { id: 'far', type: 'background', paint: { 'background-color': theme.map.far } },
      ...roads(theme),
      ...routes(theme),
      ...places(theme),
      ...people(theme),
      ...vehicles(theme),
      ...stops(theme),
    ],
  };
}

interface RoadClass {
  id: string;
  classes: string[];
  minzoom: number;
  /** Pixels at zoom 8, 12 and 16. */
  widths: [number, number, number];
  fill: (theme: Theme) => string;
  casing: (theme: Theme) => string;
}

/** Drawn from the smallest to the greatest. Links count with their road. */
const ROADS: RoadClass[] = [
  {
    id: 'minor',
    classes: ['residential', 'unclassified', 'living_street', 'road', 'service', 'pedestrian'],
    minzoom: 10,
    widths: [0.4, 1.6, 9],
    fill: ({ map }) => map.roadSmall,
    casing: ({ map }) => map.casing,
  },
  {
    id: 'tertiary',
    classes: ['tertiary', 'tertiary_link'],
    minzoom: 8,
    widths: [0.7, 2.6, 12],
    fill: ({ map }) => map.roadSmall,
    casing: ({ map }) => map.casing,
  },
  {
    id: 'secondary',
    classes: ['secondary', 'secondary_link'],
    minzoom: 6,
    widths: [1, 3.2, 14],
    fill: ({ map }) => map.roadMid,
    casing: ({ map }) => map.casingMain,
  },
  {
    id: 'primary',
    classes: ['primary', 'primary_link', 'trunk', 'trunk_link', 'motorway', 'motorway_link'],
    minzoom: 5,
    widths: [1.4, 4, 17],
    fill: ({ map }) => map.roadMain,
    casing: ({ map }) => map.casingMain,
  },
];

function roads(theme: Theme): LayerSpecification[] {
  const base = { type: 'line' as const, source: 'region', 'source-layer': 'roads' };
  const round = { 'line-cap': 'round' as const, 'line-join': 'round' as const };
  const track: LayerSpecification = {
    ...base,
    id: 'road-track',
    minzoom: 12,
    filter: ['match', ['get', 'class'], ['track', 'path', 'footway', 'cycleway', 'bridleway', 'steps'], true, false],
    paint: { 'line-color': theme.map.track, 'line-width': 1.2, 'line-dasharray': [3, 2] },
  };
  const casings = ROADS.map(
    (road): LayerSpecification => ({
      ...base,
      id: `casing-${road.id}`,
      minzoom: Math.max(road.minzoom, 9),
      filter: ['match', ['get', 'class'], road.classes, true, false],
      layout: round,
      paint: { 'line-color': road.casing(theme), 'line-width': growing(road.widths, 1.6) },
    }),
  );
  const fills = ROADS.map(
    (road): LayerSpecification => ({
      ...base,
      id: `road-${road.id}`,
      minzoom: road.minzoom,
      filter: ['match', ['get', 'class'], road.classes, true, false],
      layout: round,
      paint: { 'line-color': road.fill(theme), 'line-width': growing(road.widths, 0) },
    }),
  );
  const names: LayerSpecification = {
    id: 'road-names',
    type: 'symbol',
    source: 'region',
    'source-layer': 'roads',
    minzoom: 14,
    filter: ['has', 'name'],
    layout: {
      'symbol-placement': 'line',
      'text-field': ['get', 'name'],
      'text-font': FONT,
      'text-size': 11,
      'symbol-spacing': 320,
    },
    paint: { 'text-color': theme.map.labelSmall, 'text-halo-color': theme.map.halo, 'text-halo-width': 1.4 },
  };
  return [track, ...casings, ...fills, names];
}

function growing([far, middle, near]: [number, number, number], more: number): ExpressionSpecification {
  return ['interpolate', ['exponential', 1.5], ['zoom'], 8, far + more / 2, 12, middle + more, 16, near + more];
}

function places(theme: Theme): LayerSpecification[] {
  const paint = { 'text-halo-color': theme.map.halo, 'text-halo-width': 1.6, 'text-halo-blur': 0.4 };
  const layer = (id: string, kinds: string[], minzoom: number, sizes: [number, number], big: boolean): LayerSpecification => ({
    id,
    type: 'symbol',
    source: 'region',
    'source-layer': 'places',
    minzoom,
    filter: ['match', ['get', 'kind'], kinds, true, false],
    layout: {
      'text-field': ['get', 'name'],
      'text-font': big ? FONT_BOLD : FONT,
      'text-size': ['interpolate', ['linear'], ['zoom'], 8, sizes[0], 14, sizes[1]],
      'text-max-width': 8,
      'text-padding': 6,
      'text-anchor': 'top',
      'text-offset': [0, 0.9], // below whatever stands in the middle of the place
      'symbol-sort-key': ['-', 0, ['coalesce', ['get', 'population'], 0]],
    },
    paint: { ...paint, 'text-color': big ? theme.map.label : theme.map.labelSmall },
  });
  return [
    layer('place-small', ['hamlet', 'suburb', 'neighbourhood', 'quarter', 'isolated_dwelling', 'locality'], 12, [10, 13], false),
    layer('place-village', ['village'], 9, [11, 15], false),
    layer('place-town', ['town', 'city'], 5, [13, 19], true),
  ];
}

function routes(theme: Theme): LayerSpecification[] {
  const round = { 'line-cap': 'round' as const, 'line-join': 'round' as const };
  return [
    {
      id: 'legs',
      type: 'line',
      source: 'legs',
      layout: round,
      paint: { 'line-color': theme.vehicle.driving, 'line-width': 2.4, 'line-opacity': 0.4 },
    },
    {
      id: 'selection-casing',
      type: 'line',
      source: 'selection',
      filter: ['==', ['get', 'part'], 'leg'],
      layout: round,
      paint: { 'line-color': theme.ui.raised, 'line-width': 9, 'line-opacity': 0.85 },
    },
    {
      id: 'selection-leg',
      type: 'line',
      source: 'selection',
      filter: ['==', ['get', 'part'], 'leg'],
      layout: round,
      paint: { 'line-color': theme.ui.accent, 'line-width': 5 },
    },
    {
      id: 'selection-later',
      type: 'line',
      source: 'selection',
      filter: ['==', ['get', 'part'], 'later'],
      paint: { 'line-color': theme.ui.accent, 'line-width': 2.5, 'line-dasharray': [2, 1.6], 'line-opacity': 0.85 },
    },
  ];
}

function people(theme: Theme): LayerSpecification[] {
  return [
    {
      id: 'goals',
      type: 'circle',
      source: 'goals',
      minzoom: 8,
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 8, 1.5, 14, 5],
        'circle-color': theme.map.halo,
        'circle-stroke-color': theme.vehicle.repositioning,
        'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 8, 1, 14, 2.2],
        'circle-stroke-opacity': 0.75,
      },
    },
    {
      id: 'riders',
      type: 'symbol',
      source: 'riders',
      layout: {
        'icon-image': ['concat', 'pin-', ['get', 'urgency']],
        'icon-anchor': 'bottom',
        'icon-size': ['interpolate', ['linear'], ['zoom'], 8, 0.62, 12, 0.9, 15, 1.1],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        // From afar only where it matters; names of places come first there.
        'text-field': ['step', ['zoom'], ['match', ['get', 'urgency'], 'calm', '', ['get', 'left']], 11.5, ['get', 'left']],
        'text-font': FONT_BOLD,
        'text-size': 11.5,
        'text-anchor': 'top',
        'text-offset': [0, 0.15],
        'text-optional': true,
        'symbol-sort-key': ['get', 'order'],
      },
      paint: {
        'text-color': [
          'match',
          ['get', 'urgency'],
          'late',
          theme.ui.bad,
          'soon',
          theme.ui.warn,
          theme.map.label,
        ],
        'text-halo-color': theme.map.halo,
        'text-halo-width': 1.6,
      },
    },
    {
      id: 'picks',
      type: 'symbol',
      source: 'picks',
      layout: {
        'icon-image': ['concat', 'flag-', ['get', 'end']],
        'icon-anchor': 'bottom',
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
      },
    },
  ];
}

function vehicles(theme: Theme): LayerSpecification[] {
  return [
    {
      id: 'vehicle-selected',
      type: 'circle',
      source: 'vehicles',
      filter: ['==', ['get', 'selected'], true],
      paint: {
        'circle-radius': 24,
        'circle-color': theme.ui.accent,
        'circle-opacity': 0.22,
        'circle-stroke-color': theme.ui.accent,
        'circle-stroke-width': 2,
      },
    },
    {
      id: 'vehicles',
      type: 'symbol',
      source: 'vehicles',
      layout: {
        'icon-image': ['concat', 'vehicle-', ['get', 'state']],
        'icon-rotate': ['get', 'heading'],
        'icon-rotation-alignment': 'map',
        'icon-size': ['interpolate', ['linear'], ['zoom'], 7, 0.5, 10, 0.78, 14, 1.1],
        'icon-allow-overlap': true,
        'icon-ignore-placement': true,
        'text-field': ['step', ['zoom'], '', 9, ['get', 'riders']],
        'text-font': FONT_BOLD,
        'text-size': ['interpolate', ['linear'], ['zoom'], 9, 10, 14, 14],
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: { 'text-color': theme.onVehicle },
    },
  ];
}

/** Numbered stops of what is selected, over everything. */
function stops(theme: Theme): LayerSpecification[] {
  return [
    {
      id: 'stops',
      type: 'circle',
      source: 'stops',
      paint: {
        'circle-radius': 10,
        'circle-color': theme.ui.raised,
        'circle-stroke-color': theme.ui.accent,
        'circle-stroke-width': 2.5,
      },
    },
    {
      id: 'stop-numbers',
      type: 'symbol',
      source: 'stops',
      layout: {
        'text-field': ['get', 'label'],
        'text-font': FONT_BOLD,
        'text-size': 12,
        'text-allow-overlap': true,
        'text-ignore-placement': true,
      },
      paint: { 'text-color': theme.ui.text },
    },
  ];
}
