import { z } from 'zod';
import { usageError } from './exit.ts';

/**
 * Checks what commander parsed and tells every problem at once, by the name that the user typed.
 * Keys of `schema` are commander's: `outputFormat` for `--output-format`.
 */
export function readOptions<Schema extends z.ZodType>(schema: Schema, values: unknown): z.output<Schema> {
  const checked = schema.safeParse(values);
  if (checked.success) return checked.data;
  throw usageError(checked.error.issues.map(problemLine).join('\n'));
}

function problemLine({ path, message }: z.core.$ZodIssue): string {
  const name = String(path[0] ?? '').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `--${name}: ${message}`;
}

/** A whole number in [minimum, maximum], written as text. */
export function wholeNumber(minimum: number, maximum: number) {
  return numberIn(minimum, maximum, `is no whole number from ${minimum} to ${maximum}`, Number.isInteger);
}

/** A number in [minimum, maximum], written as text. */
export function number(minimum: number, maximum: number) {
  return numberIn(minimum, maximum, `is no number from ${minimum} to ${maximum}`, Number.isFinite);
}

function numberIn(minimum: number, maximum: number, complaint: string, fits: (value: number) => boolean) {
  return z.string().transform((text, context) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (fits(value) && value >= minimum && value <= maximum) return value;
    context.addIssue({ code: 'custom', message: `"${text}" ${complaint}` });
    return z.NEVER;
  });
}
