import type { TextOutput } from '../io.ts';

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours a text, or leaves it alone where colours are not wanted. */
export type Paint = (colour: Colour, text: string) => string;

const CODES: Readonly<Record<Colour, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** Colours only on a terminal, and never when NO_COLOR is set (https://no-color.org). */
export function wantsColours(output: TextOutput, env: Readonly<Record<string, string | undefined>>): boolean {
  return output.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

export function createPaint(output: TextOutput, env: Readonly<Record<string, string | undefined>>): Paint {
  if (!wantsColours(output, env)) return plain;
  return (colour, text) => {
    const [on, off] = CODES[colour];
    return `\u001b[${on}m${text}\u001b[${off}m`;
  };
}

/** For texts that go to a file or a test. */
export const plain: Paint = (_colour, text) => text;

const ESCAPES = /\u001b\[[0-9;]*m/g;
const CHARACTERS = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Characters that a text takes on the screen; colours take none. */
export function widthOf(text: string): number {
  return [...CHARACTERS.segment(text.replaceAll(ESCAPES, ''))].length;
}
