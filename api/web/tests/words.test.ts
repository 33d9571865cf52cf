import { describe, expect, test } from 'vitest';
import { de } from '../src/lib/i18n/de';
import { en, type Key } from '../src/lib/i18n/en';
import { fill } from '../src/lib/i18n/fill';
import { DARK, LIGHT, contrast } from '../src/lib/theme';

const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe('dictionaries', () => {
  test('German and English have the same keys', () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  });

  test.each(Object.keys(en) as Key[])('%s has words and the same places to fill in both', (key) => {
    expect(de[key].trim()).not.toBe('');
    expect(holes(de[key])).toEqual(holes(en[key]));
  });

  test('filling in', () => {
    expect(fill('{a} and {b} {a}', { a: 1, b: 'x' })).toBe('1 and x 1');
    expect(fill('{a}', {})).toBe('{a}');
  });
});

describe.each([['light', LIGHT], ['dark', DARK]])('colours, %s', (_, theme) => {
  const { ui, vehicle, onVehicle, map } = theme;
  const inks = { text: ui.text, muted: ui.muted, accent: ui.accent, good: ui.good, warn: ui.warn, bad: ui.bad };
  test.each(Object.entries(inks))('%s can be read on every ground', (_name, ink) => {
    for (const ground of [ui.surface, ui.raised]) expect(contrast(ink, ground)).toBeGreaterThanOrEqual(4.5);
  });

  test('words on buttons, vehicles and the map can be read', () => {
    expect(contrast(ui.onAccent, ui.accent)).toBeGreaterThanOrEqual(4.5);
    for (const colour of Object.values(vehicle)) expect(contrast(onVehicle, colour)).toBeGreaterThanOrEqual(4.5);
    for (const ground of [map.far, map.near, map.halo]) {
      expect(contrast(map.label, ground)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(map.labelSmall, ground)).toBeGreaterThanOrEqual(4.5);
    }
  });
});

test('contrast is that of WCAG', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
});
