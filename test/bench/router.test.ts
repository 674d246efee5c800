import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';

/** A small judge that is right when it is sure, on texts of equal length. */
const rows = Array.from({ length: 120 }, (_, i) => {
  const large = i % 2 === 0 ? 0.99 : 0.01;
  const sureness = 0.5 + (0.49 * (i + 1)) / 120;
  const right = i >= 20 || i % 3 === 0;
  return {
    id: `made-${i}`,
    prompt: `question ${i}`,
    responses: ['yes', 'nay'],
    human: i % 2 === 0 ? 'a' : 'b',
    judges: {
      small: { p_first: large > 0.5 === right ? sureness : 1 - sureness },
      large: { p_first: large },
    },
  };
});

it('bench:router reads recorded judgments and ends with its figures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-router-'));
  const data = join(folder, 'made.jsonl.gz');
  const report = join(folder, 'report.html');
  writeFileSync(data, gzipSync(rows.map((row) => JSON.stringify(row)).join('\n')));
  const script = resolve(import.meta.dirname, 'router.ts');
  const flags = ['--data', data, '--small', 'small', '--reference', 'large', '--report', report];
  const run = spawnSync(process.execPath, [script, ...flags, '--calibration', '100', '--resamples', '20'], {
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  const figures: unknown = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '');
  expect(Object.keys(figures as object)).toEqual([
    'bench',
    'items',
    'resamples',
    'agreement_success_share',
    'mean_agreement',
    'relative_cost',
    'coverage_small',
    'apgr',
    'cpt80',
    'auroc',
  ]);
  expect(figures).toMatchObject({ bench: 'router', items: 120, resamples: 20 });
  const { relative_cost: cost, coverage_small: coverage } = figures as Record<string, number>;
  // Every item pays the small judge; what it does not cover pays the large one.
  expect(cost).toBeCloseTo(0.05 + 1 - (coverage ?? 0), 5);
  expect(coverage).toBeGreaterThan(0.7);
  for (const name of ['always small', 'always large', 'longest wins', 'random label', 'random routing']) {
    expect(run.stdout).toContain(`\n${name} `);
  }
  // 20 of 120 are wrong but each third of them: 13, found by nobody who looks at the text.
  expect(run.stdout).toMatch(/\nalways small +reference 0\.892 {2}human 0\.892 {2}cost 0\.050\n/);
  expect(run.stdout).toMatch(/\ndifficulty from text alone: /);
  expect(readFileSync(report, 'utf8')).toContain('Risk against accepted share');
});
