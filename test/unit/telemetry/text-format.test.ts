import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPrometheusMeter } from '../../../src/telemetry/prometheus-meter.ts';
import { samplesOf } from '../../fakes/exposition.ts';

const linesOf = (page: string, name: string): string[] =>
  page.split('\n').filter((line) => line.includes(name));

describe('the page of figures', () => {
  it('has each metric with its help and type, and what is counted so far at every look', async () => {
    const meter = createPrometheusMeter({ known: () => true });
    const retries = meter.counter('assay_engine_retries_total').of({ engine: 'small' });
    retries.add();
    expect(linesOf(await meter.text(), 'assay_engine_retries_total')).toEqual([
      '# HELP assay_engine_retries_total Engine calls made because one before failed.',
      '# TYPE assay_engine_retries_total counter',
      'assay_engine_retries_total{engine="small"} 1',
    ]);
    retries.add(1.5);
    meter.counter('assay_engine_retries_total').of({ engine: 'large' });
    expect(linesOf(await meter.text(), 'assay_engine_retries_total{')).toEqual([
      'assay_engine_retries_total{engine="small"} 2.5',
      'assay_engine_retries_total{engine="large"} 0',
    ]);
  });

  it('has the buckets of a histogram as running sums up to +Inf', async () => {
    const meter = createPrometheusMeter({ known: () => true });
    const sizes = meter.histogram('assay_coalesced_questions').of({ engine: 'small' });
    for (const size of [1, 2, 3, 64, 65]) sizes.observe(size);
    expect(linesOf(await meter.text(), 'assay_coalesced_questions_')).toEqual([
      'assay_coalesced_questions_bucket{engine="small",le="1"} 1',
      'assay_coalesced_questions_bucket{engine="small",le="2"} 2',
      'assay_coalesced_questions_bucket{engine="small",le="4"} 3',
      'assay_coalesced_questions_bucket{engine="small",le="8"} 3',
      'assay_coalesced_questions_bucket{engine="small",le="16"} 3',
      'assay_coalesced_questions_bucket{engine="small",le="32"} 3',
      'assay_coalesced_questions_bucket{engine="small",le="64"} 4',
      'assay_coalesced_questions_bucket{engine="small",le="+Inf"} 5',
      'assay_coalesced_questions_sum{engine="small"} 135',
      'assay_coalesced_questions_count{engine="small"} 5',
    ]);
  });

  it('adds up what is told of one series twice, and has labels in the order of the table', async () => {
    const meter = createPrometheusMeter({ known: () => true });
    meter.read('assay_replica_ready', () => [{ labels: { replica: 'a/0', engine: 'a' }, value: 1 }]);
    meter.read('assay_replica_ready', () => [{ labels: { engine: 'a', replica: 'a/0' }, value: 2 }]);
    expect(linesOf(await meter.text(), 'assay_replica_ready{')).toEqual([
      'assay_replica_ready{engine="a",replica="a/0"} 3',
    ]);
  });

  it('leaves out what is read beyond the most series of a metric, and no more', async () => {
    const meter = createPrometheusMeter({ known: () => true, seriesPerMetric: 2 });
    meter.read('assay_queue_running', () =>
      ['a', 'b', 'c', 'b'].map((engine) => ({ labels: { engine }, value: 1 })),
    );
    expect(linesOf(await meter.text(), 'assay_queue_running{')).toEqual([
      'assay_queue_running{engine="a"} 1',
      'assay_queue_running{engine="b"} 2',
    ]);
  });

  it('has 0 for a metric without labels that nobody tells, and infinities by their names', async () => {
    const meter = createPrometheusMeter({ known: () => true });
    meter.read('assay_cache_entries', () => []);
    meter.read('assay_cache_bytes', () => [{ labels: {}, value: Infinity }]);
    meter.read('assay_cache_limit_bytes', () => [{ labels: {}, value: -Infinity }]);
    expect(samplesOf(await meter.text())).toEqual([
      { name: 'assay_cache_entries', labels: {}, value: 0 },
      { name: 'assay_cache_bytes', labels: {}, value: Infinity },
      { name: 'assay_cache_limit_bytes', labels: {}, value: -Infinity },
    ]);
  });

  it('keeps any value of a label on its line, and gives it back to whoever unescapes it', async () => {
    const value = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('\\', '"', '\n', 'n', '{', ',') }));
    await fc.assert(
      fc.asyncProperty(value, async (model) => {
        const meter = createPrometheusMeter({ known: () => true });
        const labels = { engine: 'a', kind: 'k', model, precision: 'p' };
        meter.read('assay_engine_info', () => [{ labels, value: 1 }]);
        const [sample] = samplesOf(await meter.text());
        const text = sample?.labels['model']?.replaceAll(/\\(.)/g, (_, sign: string) =>
          sign === 'n' ? '\n' : sign,
        );
        expect(text).toBe(model);
        expect(sample?.labels['precision']).toBe('p');
      }),
    );
  });
});

it('refuses a metric that is both counted and read: it would be on the page twice', () => {
  const meter = createPrometheusMeter({ known: () => true });
  meter.counter('assay_engine_retries_total');
  expect(() => meter.read('assay_engine_retries_total', () => [])).toThrow('assay_engine_retries_total');
});
