/** Attributes of an element; undefined ones are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as it may stand in HTML or SVG, also inside an attribute. */
export function escapeText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** An element with `content` that is markup already; texts go through `escapeText` first. */
export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => ` ${key}="${typeof value === 'number' ? shorten(value) : escapeText(String(value))}"`,
    )
    .join('');
  return `<${name}${written}>${content}</${name}>`;
}

/** Coordinates to a hundredth of a pixel: finer cannot be seen and makes files large. */
function shorten(value: number): string {
  return String(Math.round(value * 100) / 100);
}
