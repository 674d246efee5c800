/** A pair as a prompt shows it. */
export interface ShownPair {
  readonly prompt: string;
  readonly first: string;
  readonly second: string;
}

const OPENING = /\[(?:prompt|first) ([a-z0-9]+)\]\n/g;

/**
 * Finds the pair in a judge prompt: texts between `[prompt CODE]`, `[first CODE]`, `[second CODE]` and their
 * closing marks, all with one code. The outermost complete set counts, so marks inside a text do not.
 */
export function findPair(text: string): ShownPair | null {
  if (!text.includes('[second ')) return null;
  for (const [, code = ''] of text.matchAll(OPENING)) {
    const prompt = section(text, 'prompt', code, 0);
    const first = section(text, 'first', code, prompt?.end ?? 0);
    const second = first === null ? null : section(text, 'second', code, first.end);
    if (first !== null && second !== null) {
      return { prompt: prompt?.text ?? '', first: first.text, second: second.text };
    }
  }
  return null;
}

export function section(
  text: string,
  name: string,
  code: string,
  from: number,
): { readonly text: string; readonly end: number } | null {
  const opening = `[${name} ${code}]\n`;
  const at = text.indexOf(opening, from);
  if (at < 0) return null;
  const start = at + opening.length;
  const end = text.indexOf(`\n[/${name} ${code}]`, start);
  return end < 0 ? null : { text: text.slice(start, end), end };
}
