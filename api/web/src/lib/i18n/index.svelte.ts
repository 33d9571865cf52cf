// The language of the page: the browser's at first, then what was chosen.

import { de } from './de';
import { en, type Dictionary, type Key } from './en';
import { fill } from './fill';

export type Language = 'de' | 'en';
export const LANGUAGES: Language[] = ['de', 'en'];

const DICTIONARIES: Record<Language, Dictionary> = { de, en };
const STORED = 'sharxi.language';

class Speech {
  language = $state<Language>(first());

  /** Locale for numbers, times and sorting. */
  get locale(): string {
    return this.language === 'de' ? 'de-DE' : 'en-GB';
  }

  choose(language: Language): void {
    this.language = language;
    try {
      localStorage.setItem(STORED, language);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }
}

export const speech = new Speech();

export function t(key: Key, values: Record<string, string | number> = {}): string {
  return fill(DICTIONARIES[speech.language][key], values);
}

/** The entry `prefix.name`, or the one for anything else. */
export function tOr(prefix: string, name: string, other: Key): string {
  const key = `${prefix}.${name}`;
  return t(key in en ? (key as Key) : other);
}

function first(): Language {
  try {
    const stored = localStorage.getItem(STORED);
    if (stored === 'de' || stored === 'en') return stored;
  } catch {
    // as above
  }
  return navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en';
}
