import { describe, expect, it } from 'vitest';
import { createTokenBook } from '../../../src/pool/token-book.ts';
import { manualClock } from '../../fakes/clock.ts';

const used = (inputTokens: number, outputTokens: number) => ({
  inputTokens,
  cachedInputTokens: 0,
  outputTokens,
});

describe('the token book of a replica', () => {
  it('compares from the first figures on', () => {
    const clock = manualClock();
    const book = createTokenBook(clock);
    book.open()(used(50, 5));
    expect(book.compared()).toBeNull();
    clock.advance(10);
    book.told({ input: 1_000, output: 100 }, 1, 0);
    book.open()(used(30, 3));
    book.open()(null);
    clock.advance(5);
    book.told({ input: 1_070, output: 107 }, 1, 2);
    expect(book.compared()).toEqual({
      since: 10,
      at: 15,
      ours: { input: 30, output: 3 },
      engine: { input: 70, output: 7 },
      unknownCalls: 1,
      inFlight: 2,
    });
  });

  it('shows both counts of one time: what ended later waits for the next figures', () => {
    const book = createTokenBook(manualClock());
    book.told({ input: 0, output: 0 }, 1, 0);
    book.open()(used(30, 3));
    expect(book.compared()).toMatchObject({ ours: { input: 0, output: 0 } });
  });

  it.each([
    ['prompt counter fell', { input: 10, output: 300 }, 1],
    ['answer counter fell', { input: 2_000, output: 1 }, 1],
    ['replica was warmed up again', { input: 1_200, output: 120 }, 2],
  ])('begins anew when the %s, and knows nothing of calls that were out', (_, next, warmSince) => {
    const clock = manualClock();
    const book = createTokenBook(clock);
    book.told({ input: 1_000, output: 100 }, 1, 0);
    book.open()(used(30, 3));
    const end = book.open();
    clock.advance(7);
    book.told(next, warmSince, 1);
    end(used(40, 4));
    book.told({ input: next.input + 5, output: next.output + 1 }, warmSince, 0);
    const none = { input: 0, output: 0 };
    const engine = { input: 5, output: 1 };
    expect(book.compared()).toMatchObject({ since: 7, ours: none, engine, unknownCalls: 1 });
  });
});
