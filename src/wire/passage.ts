import { z } from 'zod';

/**
 * Text that a judge will read or that is stored: one encoding, so that equal texts hash equally.
 * Lone surrogates and NUL are refused, as neither UTF-8 nor PostgreSQL can hold them.
 */
export const cleanText = z.string().check((context) => {
  const fault = textFault(context.value);
  if (fault !== null) context.issues.push({ code: 'custom', message: fault, input: context.value });
});

/** Clean text with something in it to judge. */
export const passage = cleanText.refine(isNotBlank, { error: 'must not be empty or blank' });

export function isNotBlank(text: string): boolean {
  return /\S/.test(text);
}

function textFault(text: string): string | null {
  if (!text.isWellFormed()) return 'must be Unicode text, found a lone surrogate';
  const nul = text.indexOf('\0');
  return nul === -1 ? null : `must not contain NUL, found one at character ${nul}`;
}
