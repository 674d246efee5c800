import { describe, expect, it } from 'vitest';
import { createOutcomeBook } from '../../../src/routing/outcome-book.ts';

const lane = { team: 'team', policy: 'default', stratum: 'all' };

function gold(verdictId: string, label: 'a' | 'b' | 'tie') {
  return { verdictId, label, annotator: null };
}

describe('the outcome book', () => {
  it('takes gold labels for verdicts of the same team, and replaces earlier ones', () => {
    const book = createOutcomeBook();
    book.remember({ id: 'vrd_1', lane, label: 'a', confidence: 0.9 });
    expect(book.record('team', [gold('vrd_1', 'a'), gold('vrd_2', 'b')])).toEqual([
      'recorded',
      'unknown_verdict',
    ]);
    expect(book.record('team', [gold('vrd_1', 'b')])).toEqual(['replaced']);
    expect(book.record('other', [gold('vrd_1', 'a')])).toEqual(['unknown_verdict']);
  });

  it('forgets the oldest verdicts first', () => {
    const book = createOutcomeBook({ remembered: 2 });
    for (const id of ['vrd_1', 'vrd_2', 'vrd_3']) book.remember({ id, lane, label: 'a', confidence: 0.9 });
    expect(book.record('team', [gold('vrd_1', 'a'), gold('vrd_2', 'a'), gold('vrd_3', 'a')])).toEqual([
      'unknown_verdict',
      'recorded',
      'recorded',
    ]);
  });

  it('estimates agreement with people when there are enough gold labels', () => {
    const book = createOutcomeBook();
    for (let n = 0; n < 200; n += 1) book.remember({ id: `vrd_${n}`, lane, label: 'a', confidence: 0.8 });
    expect(book.agreement('team', 'default', 'all')).toBeNull();
    for (let n = 0; n < 80; n += 1) book.record('team', [gold(`vrd_${n}`, n < 60 ? 'a' : 'b')]);
    const estimate = book.agreement('team', 'default', 'all');
    expect(estimate?.labels).toBe(80);
    expect(estimate?.value).toBeCloseTo(0.75, 6);
    expect(estimate?.low).toBeGreaterThan(0.6);
    expect(estimate?.high).toBeLessThan(0.9);
    expect(book.agreement('team', 'default', 'elsewhere')).toBeNull();
  });
});
