import { z } from 'zod';
import { badRequest } from './api-error.ts';
import { renderText } from './chat-template.ts';
import { mix } from './hash.ts';
import { integer } from './json-body.ts';
import { BEGIN_OF_TEXT } from './vocabulary.ts';

const ids = z.array(integer);
export const embeddingSchema = z.object({
  model: z.string().nullish(),
  input: z.union([z.string(), ids, z.array(z.string()), z.array(ids)]),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: integer.nullish(),
});
type EmbeddingBody = z.output<typeof embeddingSchema>;

const DIMENSIONS = 256;
const MOST_INPUTS = 2048;

export interface Embedded {
  readonly data: readonly {
    readonly index: number;
    readonly object: 'embedding';
    readonly embedding: readonly number[] | string;
  }[];
  readonly promptTokens: number;
}

/** Unit vectors; texts that share words have similar ones. */
export function embed(body: EmbeddingBody): Embedded {
  const dimensions = body.dimensions ?? DIMENSIONS;
  if (dimensions < 1 || dimensions > 4096)
    throw badRequest('dimensions must be between 1 and 4096', 'dimensions');
  const inputs = inputsOf(body.input);
  const data = inputs.map((tokens, index) => {
    const vector = vectorOf(tokens, dimensions);
    const embedding =
      body.encoding_format === 'base64'
        ? Buffer.from(Float32Array.from(vector).buffer).toString('base64')
        : vector;
    return { index, object: 'embedding' as const, embedding };
  });
  return { data, promptTokens: inputs.reduce((sum, tokens) => sum + tokens.length, 0) };
}

function inputsOf(input: EmbeddingBody['input']): (readonly number[])[] {
  const list = typeof input === 'string' ? [input] : isTokens(input) ? [input] : input;
  if (list.length === 0 || list.length > MOST_INPUTS) {
    throw badRequest(`input must have between 1 and ${MOST_INPUTS} entries`, 'input');
  }
  return list.map((each) => (typeof each === 'string' ? renderText(each, true).tokens : each));
}

function isTokens(input: readonly unknown[]): input is number[] {
  return typeof input[0] === 'number';
}

/** Feature hashing: each token adds or takes one in one dimension. */
function vectorOf(tokens: readonly number[], dimensions: number): number[] {
  const vector = Array.from({ length: dimensions }, () => 0);
  for (const token of tokens.length === 0 ? [BEGIN_OF_TEXT] : tokens) {
    const hash = mix(token, dimensions);
    const at = (hash >>> 1) % dimensions;
    vector[at] = (vector[at] ?? 0) + ((hash & 1) === 0 ? 1 : -1);
  }
  const length = Math.hypot(...vector);
  // Tokens may cancel each other out: then the first dimension stands for the text.
  if (length === 0) return vector.map((_, index) => (index === 0 ? 1 : 0));
  return vector.map((value) => value / length);
}
