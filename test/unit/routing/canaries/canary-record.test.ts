import { expect, it } from 'vitest';
import { createCanaryRecord } from '../../../../src/routing/canaries/canary-record.ts';

const about = { share: 0.01, items: 9, since: 5 };

it('counts what came to a label, with the exact interval', () => {
  const record = createCanaryRecord({ ...about, target: null });
  expect(record.quality()).toEqual({ ...about, asked: 0, judged: 0, agreed: 0, agreement: null });
  for (let n = 0; n < 9; n += 1) expect(record.take('a', 'a')).toEqual({ result: 'agreed', alarm: null });
  expect(record.take('b', 'a')).toEqual({ result: 'disagreed', alarm: null });
  expect(record.take(null, 'a')).toEqual({ result: null, alarm: null });
  const { agreement, ...counts } = record.quality();
  expect(counts).toEqual({ ...about, asked: 11, judged: 10, agreed: 9 });
  expect(agreement?.value).toBe(0.9);
  // Clopper and Pearson for 9 of 10 at 95 %, as in their tables.
  expect(agreement?.low).toBeCloseTo(0.555, 3);
  expect(agreement?.high).toBeCloseTo(0.9975, 4);
});

it('is compared with the target at 16, 32, 64 labels alone, each with a smaller risk', () => {
  const record = createCanaryRecord({ ...about, target: 0.9 });
  const told = new Map<number, string>();
  for (let judged = 1; judged <= 64; judged += 1) {
    const { alarm } = record.take(judged % 2 === 0 ? 'a' : 'b', 'a');
    if (alarm !== null) told.set(judged, alarm);
  }
  expect([...told.keys()]).toEqual([16, 32, 64]);
  expect(told.get(16)).toMatch(/^8 of 16 canaries have their gold label: at most 0\.7\d\d, below 0\.9$/);
});

it('says nothing while the target may still be kept', () => {
  const record = createCanaryRecord({ ...about, target: 0.9 });
  const alarms = Array.from({ length: 64 }, (_, n) => record.take(n % 10 === 0 ? 'b' : 'a', 'a').alarm);
  expect(alarms.every((alarm) => alarm === null)).toBe(true);
});
