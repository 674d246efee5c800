import { describe, expect, it } from 'vitest';
import { readRetryAfter } from '../../../../src/engines/openai/retry-after.ts';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

describe('a Retry-After header', () => {
  it.each([
    ['3', 3_000],
    [' 0.5 ', 500],
    ['0', 0],
    ['99999999999999999999', 60_000],
    ['Thu, 01 Jan 2026 12:00:07 GMT', 7_000],
    ['Fri, 02 Jan 2026 12:00:00 GMT', 60_000],
    ['Thu, 01 Jan 2026 11:59:59 GMT', undefined],
    ['-5', undefined],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %s ms', (header, wait) => {
    expect(readRetryAfter(header, NOW)).toBe(wait);
  });
});
