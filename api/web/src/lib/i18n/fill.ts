/** Puts values into the `{name}` places of a text; a name without a value stays visible as a mistake. */
export function fill(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
