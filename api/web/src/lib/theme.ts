// Every colour of the page and of the map, once for light and once for dark surroundings. A test holds the contrasts.

import type { VehicleState } from './protocol';

export interface Theme {
  dark: boolean;
  ui: {
    surface: string;
    raised: string;
    line: string;
    text: string;
    muted: string;
    accent: string;
    onAccent: string;
    good: string;
    warn: string;
    bad: string;
  };
  vehicle: Record<VehicleState, string>;
  /** Drawn on the vehicle: its riders. */
  onVehicle: string;
  map: {
    far: string;
    near: string;
    roadMain: string;
    roadMid: string;
    roadSmall: string;
    track: string;
    casingMain: string;
    casing: string;
    label: string;
    labelSmall: string;
    halo: string;
  };
}

export const LIGHT: Theme = {
  dark: false,
  ui: {
    surface: '#fbfaf6',
    raised: '#ffffff',
    line: '#d9dcd3',
    text: '#1c2629',
    muted: '#526066',
    accent: '#0b6b5b',
    onAccent: '#ffffff',
    good: '#0b6b5b',
    warn: '#94500a',
    bad: '#b3261e',
  },
  vehicle: {
    idle: '#5b6b74',
    driving: '#0b6b5b',
    serving: '#94500a',
    repositioning: '#6848ad',
    out: '#b3261e',
  },
  onVehicle: '#ffffff',
  map: {
    far: '#dfe8e8',
    near: '#f3f2ea',
    roadMain: '#f4cf86',
    roadMid: '#fae7b8',
    roadSmall: '#ffffff',
    track: '#d8d5c6',
    casingMain: '#c7984a',
    casing: '#bdb9a6',
    label: '#27343a',
    labelSmall: '#4d5b61',
    halo: '#f8f7f1',
  },
};

export const DARK: Theme = {
  dark: true,
  ui: {
    surface: '#12181b',
    raised: '#1b2327',
    line: '#344046',
    text: '#e9eeec',
    muted: '#a7b4b6',
    accent: '#4fcfb4',
    onAccent: '#06231d',
    good: '#4fcfb4',
    warn: '#f0b357',
    bad: '#ff8a80',
  },
  vehicle: {
    idle: '#a3b3bb',
    driving: '#4fcfb4',
    serving: '#f0b357',
    repositioning: '#b9a1f5',
    out: '#ff8a80',
  },
  onVehicle: '#0c1214',
  map: {
    far: '#0e1518',
    near: '#182125',
    roadMain: '#6d5f3e',
    roadMid: '#54503f',
    roadSmall: '#37444a',
    track: '#2b363b',
    casingMain: '#0c1214',
    casing: '#0f1619',
    label: '#dfe6e4',
    labelSmall: '#a9b6b8',
    halo: '#11181b',
  },
};

/** Sets the colours of `ui` and `vehicle` as custom properties of the page. */
export function paint(theme: Theme, root: HTMLElement): void {
  const tokens = { ...theme.ui, ...Object.fromEntries(Object.entries(theme.vehicle).map(([k, v]) => [`v-${k}`, v])) };
  for (const [name, colour] of Object.entries(tokens)) {
    root.style.setProperty(`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, colour);
  }
}

/** Contrast of two `#rrggbb` colours as WCAG 2 defines it, 1 to 21. */
export function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
