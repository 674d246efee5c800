import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../src/domain/verdict.ts';
import { createFeedbackText } from '../../../src/wire/feedback-text.ts';
import { renderFeedback } from '../../../src/wire/verdict.ts';
import { trailEntry, verdictRecord } from '../../fakes/verdict-record.ts';

const TRAIL = [trailEntry(), trailEntry({ order: 'ba', pFirst: 0.1 })];

function verdict(changes: Partial<Verdict> = {}): Verdict {
  return verdictRecord('vrd_1', { trail: TRAIL, ...changes }).verdict;
}

describe('the text of a feedback reply', () => {
  it.each<[string, Verdict[]]>([
    ['no verdict', []],
    ['a verdict that was judged now', [verdict()]],
    [
      'one that was bought before, twice',
      [verdict({ cached: true }), verdict({ cached: true, itemId: 'x' })],
    ],
    ['both in one reply', [verdict({ cached: true }), verdict(), verdict({ cached: true, cache: 'exact' })]],
    [
      'texts of the caller that look like a history',
      [
        verdict({
          cached: true,
          itemId: '","trail":[],"x":"',
          metadata: { trail: [], '"trail":[]': '"trail":[]' },
        }),
      ],
    ],
  ])('is that of its object: %s', (_, verdicts) => {
    const textOf = createFeedbackText();
    for (let time = 0; time < 2; time += 1) {
      expect(textOf('req_"1"', verdicts)).toBe(JSON.stringify(renderFeedback('req_"1"', verdicts)));
    }
  });

  it('has the history of each label, not that of another', () => {
    const textOf = createFeedbackText();
    const one = verdict({ cached: true });
    const other = verdict({ cached: true, trail: [trailEntry({ judge: 'strict' })] });
    for (const verdicts of [
      [one, other],
      [other, one],
    ]) {
      expect(textOf('r', verdicts)).toBe(JSON.stringify(renderFeedback('r', verdicts)));
    }
  });
});
