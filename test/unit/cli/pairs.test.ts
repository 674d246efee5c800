import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const Pair = z.strictObject({
  id: z.string().regex(/^[a-z]+-\d\d$/),
  domain: z.string(),
  prompt: z.string().min(20),
  candidates: z.tuple([z.string().min(1), z.string().min(1)]),
  gold: z.enum(['a', 'b', 'tie']),
  why: z.string().min(10).max(100),
});

const text = readFileSync(new URL('../../../src/cli/demo/pairs.jsonl', import.meta.url), 'utf8');
const lines = text.trimEnd().split('\n');
const pairs = lines.map((line) => Pair.parse(JSON.parse(line)));

function count<T>(values: readonly T[], value: T): number {
  return values.filter((candidate) => candidate === value).length;
}

function wordsOf(candidate: string): number {
  return candidate.split(/\s+/).length;
}

describe('the example pairs', () => {
  it('are 64 lines of one object each, with a newline at the end', () => {
    expect(lines).toHaveLength(64);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('cover ten domains with six or seven pairs each', () => {
    const domains = Map.groupBy(pairs, (pair) => pair.domain);
    expect([...domains.keys()].toSorted()).toEqual([
      'code',
      'facts',
      'helpfulness',
      'honesty',
      'instructions',
      'maths',
      'safety',
      'summarisation',
      'tone',
      'translation',
    ]);
    for (const members of domains.values()) expect([6, 7]).toContain(members.length);
  });

  it('name each pair once, by its domain', () => {
    expect(new Set(pairs.map((pair) => pair.id)).size).toBe(64);
    expect(pairs.filter((pair) => !pair.id.startsWith(`${pair.domain}-`))).toEqual([]);
  });

  it('repeat no prompt and no candidate', () => {
    expect(new Set(pairs.map((pair) => pair.prompt)).size).toBe(64);
    expect(new Set(pairs.flatMap((pair) => pair.candidates)).size).toBe(128);
  });

  it('give away nothing by position: as many `a` as `b`, in every domain too', () => {
    const golds = pairs.map((pair) => pair.gold);
    expect(count(golds, 'tie')).toBe(5);
    expect(Math.abs(count(golds, 'a') - count(golds, 'b'))).toBeLessThanOrEqual(1);
    for (const members of Map.groupBy(pairs, (pair) => pair.domain).values()) {
      const own = members.map((pair) => pair.gold);
      expect(Math.abs(count(own, 'a') - count(own, 'b'))).toBeLessThanOrEqual(2);
    }
  });

  it('give away nothing by length: the longer answer is the better one about half of the time', () => {
    const decided = pairs.filter((pair) => pair.gold !== 'tie');
    const longerWins = decided.filter(({ candidates: [a, b], gold }) => {
      return gold === (a.length > b.length ? 'a' : 'b');
    });
    expect(longerWins.length).toBeGreaterThanOrEqual(24);
    expect(longerWins.length).toBeLessThanOrEqual(35);
  });

  it('are as long as real answers are', () => {
    const lengths = pairs.flatMap((pair) => pair.candidates.map(wordsOf)).toSorted((x, y) => x - y);
    expect(lengths[64]).toBeGreaterThanOrEqual(50);
    expect(lengths[127]).toBeLessThanOrEqual(200);
  });

  /** Constraints that a prompt states and a program can check: the better answer keeps them, the other does not. */
  it.each<[string, (candidate: string) => boolean]>([
    ['instructions-01', (candidate) => candidate.split('\n').length === 5],
    ['instructions-02', (candidate) => candidate.startsWith('{') && candidate.endsWith('}')],
    ['instructions-03', (candidate) => !/rain/i.test(candidate) && candidate.split('\n').length === 4],
    ['instructions-05', (candidate) => !/cashew/i.test(candidate)],
    ['instructions-06', (candidate) => wordsOf(candidate) === 1],
    ['summarisation-05', (candidate) => wordsOf(candidate) <= 25],
    ['code-05', (candidate) => !/-delete .*-name/.test(candidate)],
  ])('%s: only the better answer keeps what the prompt asks for', (id, keeps) => {
    const pair = pairs.find((candidate) => candidate.id === id);
    expect(pair?.candidates.map(keeps)).toEqual([pair?.gold === 'a', pair?.gold === 'b']);
  });
});
