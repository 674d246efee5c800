import { PLANTED_BETTER, PLANTED_WORSE } from './planted.ts';

/** Probability of each label's letter, shown first and second, when the better response is first. */
const OPINION = { better: 0.9, worse: 0.05, tie: 0.03, spacedShare: 0.1 };

/** Whether the response that every stub holds for better stands first in the prompt. */
export function isBetterFirst(prompt: string): boolean {
  return prompt.indexOf(PLANTED_BETTER) < prompt.indexOf(PLANTED_WORSE);
}

/** Probability of a token as the first one of the answer. */
export function probabilityOf(token: string, betterFirst: boolean): number {
  const share = token.startsWith(' ') ? OPINION.spacedShare : 1 - OPINION.spacedShare;
  switch (token.trim()) {
    case 'A':
      return share * (betterFirst ? OPINION.better : OPINION.worse);
    case 'B':
      return share * (betterFirst ? OPINION.worse : OPINION.better);
    case 'C':
      return share * OPINION.tie;
    default:
      return 1e-6;
  }
}
