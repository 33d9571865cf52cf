// Times as people at the desk read them.
//
// In earnest (speed 1) that is the zone of this machine. A demonstration plays a made-up day: its times stand as the
// service writes them. If the service names an offset, that is the zone.

export type Zone = { offsetMin: number } | 'local';

export function zoneFor(offsetMin: number | null, speed: number): Zone {
  if (offsetMin !== null) return { offsetMin };
  return speed === 1 ? 'local' : { offsetMin: 0 };
}

export function clockText(at: number, zone: Zone, locale: string, seconds = false): string {
  return format(at, zone, locale, { hour: '2-digit', minute: '2-digit', ...(seconds && { second: '2-digit' }) });
}

export function dayText(at: number, zone: Zone, locale: string): string {
  return format(at, zone, locale, { weekday: 'short', day: 'numeric', month: 'short' });
}

/** `yyyy-mm-ddThh:mm`, as a date and time field of a form holds it. */
export function toField(at: number, zone: Zone): string {
  const offset = zone === 'local' ? -new Date(at).getTimezoneOffset() : zone.offsetMin;
  return new Date(at + offset * 60_000).toISOString().slice(0, 16);
}

export function fromField(field: string, zone: Zone): number | undefined {
  const at = Date.parse(zone === 'local' ? field : `${field}Z`);
  if (Number.isNaN(at)) return undefined;
  return zone === 'local' ? at : at - zone.offsetMin * 60_000;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: number, zone: Zone, locale: string, style: Intl.DateTimeFormatOptions): string {
  const key = locale + (zone === 'local') + Object.keys(style).join();
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, { ...style, timeZone: zone === 'local' ? undefined : 'UTC' });
    formats.set(key, found);
  }
  return found.format(zone === 'local' ? at : at + zone.offsetMin * 60_000);
}
