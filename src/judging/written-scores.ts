import { z } from 'zod';
import type { LabelDistribution, LabelProbability } from '../domain/distribution.ts';
import { type Scale, signsOf } from '../domain/rubric.ts';

/**
 * Reads a sheet of scores, one on each line, token by token: for each line the probabilities of all score tokens
 * at the place where the score was written. Strictly by position: a line that holds anything but one score has
 * none, and a sheet with more or fewer lines than it should have is no sheet.
 */
const listedToken = z.looseObject({ token: z.string(), logprob: z.number().max(0.01) });
const positionSchema = listedToken.extend({ top_logprobs: z.array(listedToken).min(1) });

export type TokenPosition = z.infer<typeof positionSchema>;

/** The positions that one streamed chunk tells of; null when it has them in no form that is known. */
export function positionsOf(chunk: Readonly<Record<string, unknown>>): readonly TokenPosition[] | null {
  const read = chunkSchema.safeParse(chunk);
  if (!read.success) return null;
  return read.data.choices[0]?.logprobs?.content ?? [];
}

const chunkSchema = z.looseObject({
  choices: z.array(
    z.looseObject({ logprobs: z.looseObject({ content: z.array(positionSchema).nullish() }).nullish() }),
  ),
});

/** One distribution for each scale, null for a line without a score; null when the lines do not fit the scales. */
export function readSheet(
  text: string,
  positions: readonly TokenPosition[],
  scales: readonly Scale[],
): readonly (LabelDistribution | null)[] | null {
  const lines = linesOf(text, positions);
  if (lines === null || lines.length !== scales.length) return null;
  return scales.map((scale, index) => {
    const [position, ...more] = lines[index] ?? [];
    return position === undefined || more.length > 0 ? null : readPosition(position, scale);
  });
}

/** The tokens of each line but for blank ones; null when the tokens are not those of the text. */
function linesOf(text: string, positions: readonly TokenPosition[]): TokenPosition[][] | null {
  const lines: TokenPosition[][] = [[]];
  let rest = text.trim();
  for (const position of positions) {
    // Behind the text stands the token that ended it.
    if (rest === '') break;
    const token = position.token.trim();
    if (!rest.startsWith(token)) return null;
    rest = rest.slice(token.length);
    if (token !== '') lines.at(-1)?.push(position);
    const gap = /^\s*/.exec(rest)?.[0] ?? '';
    rest = rest.slice(gap.length);
    if (gap.includes('\n')) lines.push([]);
  }
  return rest === '' ? lines : null;
}

/** Null when the token that was written is no score of this scale, or the list is no list of probabilities. */
function readPosition(
  { token, logprob, top_logprobs: likely }: TokenPosition,
  scale: Scale,
): LabelDistribution | null {
  const signs = signsOf(scale);
  if (![...signs.values()].includes(token.trim())) return null;
  const listed = likely.some((one) => one.token === token) ? likely : [{ token, logprob }, ...likely];
  const total = listed.reduce((sum, one) => sum + Math.exp(one.logprob), 0);
  if (total > 1 + ROUNDING) return null;
  const left = Math.max(0, 1 - total);
  const least = Math.min(...likely.map((one) => Math.exp(one.logprob)));
  const labels: Record<string, LabelProbability> = {};
  let mass = 0;
  for (const [point, sign] of signs) {
    const seen = listed.filter((one) => one.token.trim() === sign);
    const probability = Math.min(
      1,
      seen.reduce((sum, one) => sum + Math.exp(one.logprob), 0),
    );
    // A score that is not listed is less likely than the least that is.
    const unseen = seen.length === 0 ? Math.min(left, least) : 0;
    labels[String(point)] = { probability, atMost: Math.min(1, probability + unseen) };
    mass += probability;
  }
  return { labels, mass: Math.min(1, mass), route: 'top_logprobs' };
}

/** Rounding of an honest engine stays far below this. */
const ROUNDING = 0.01;
