import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createProgram } from '../../src/compose.ts';
import { cli, jsonLines, temporaryFolder } from '../fakes/cli-runner.ts';
import { type FeedbackGateway, startFeedbackGateway } from '../fakes/feedback-gateway.ts';

const verdict = z.object({
  item_id: z.string(),
  outcome: z.string(),
  label: z.string().nullable(),
  inclusion_probability: z.number(),
  cost: z.object({ usd: z.number() }),
  trail: z.array(z.object({ tier: z.string(), judge: z.string(), order: z.string().nullable() })),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
const reply = z.object({ data: z.array(verdict) });
const results = z.array(verdict);

const program = createProgram({});
const file = temporaryFolder({
  'pairs.jsonl': jsonLines(
    Array.from({ length: 40 }, (_, n) => ({
      prompt: `What of ${n}?`,
      candidates: [`It is ${n}.`, `It is not ${n}.`],
    })),
  ),
});

/** Sampling by a policy and by a job, through a real gateway with its embedded database. */
describe('sampling', () => {
  let gateway: FeedbackGateway;
  beforeAll(async () => {
    gateway = await startFeedbackGateway({
      storage: { kind: 'embedded', directory: 'data' },
      judges: { quick: { engine: 'small' }, strict: { engine: 'large' } },
      policies: {
        default: { tiers: ['strict'] },
        half: { tiers: ['strict'], sampling: { method: 'random', share: 0.5, seed: 3 } },
        unsure: { tiers: ['strict'], sampling: { method: 'uncertainty', share: 0.4, scouts: ['quick'] } },
        apart: {
          tiers: ['strict'],
          sampling: { method: 'disagreement', share: 0.4, scouts: ['quick', 'strict'] },
        },
        kinds: { tiers: ['strict'], sampling: { method: 'diversity', share: 0.3 } },
        near: { tiers: ['strict'], sampling: { dropNear: 0.8 } },
      },
    });
  }, 60_000);
  afterAll(() => gateway.close());

  const item = (n: number) => ({
    id: `i${n}`,
    prompt: `Question number ${n}?`,
    candidates: [`First answer to number ${n}.`, `Another answer, to number ${n}.`],
  });
  const items = (count: number) => Array.from({ length: count }, (_, n) => item(n));
  const ask = async (policy: string, asked: readonly unknown[]) => {
    const { status, body } = await gateway.post('/v1/feedback/preferences', { policy, items: asked });
    expect(status).toBe(200);
    return reply.parse(body).data;
  };

  const resultsOf = async (job: string) => {
    const answered = await fetch(`${gateway.url}/v1/feedback/jobs/${job}/results?follow=true`);
    const lines = (await answered.text()).trim().split('\n');
    return results.parse(lines.map((line): unknown => JSON.parse(line)));
  };

  it('judges half of the items, tells the probability on all, and says which it left out', async () => {
    const data = await ask('half', items(100));
    const taken = data.filter(({ outcome }) => outcome !== 'skipped');
    expect(taken.length).toBeGreaterThan(35);
    expect(taken.length).toBeLessThan(65);
    expect(data.every(({ inclusion_probability: p }) => p === 0.5)).toBe(true);
    expect(taken.every(({ label }) => label !== null)).toBe(true);
    const [left] = data.filter(({ outcome }) => outcome === 'skipped');
    expect(left).toMatchObject({ label: null, cost: { usd: 0 }, trail: [], error: { code: 'not_sampled' } });
    // The same items fall alike, in any order.
    const again = await ask('half', items(100).toReversed());
    expect(again.toReversed().map(({ outcome }) => outcome)).toEqual(data.map(({ outcome }) => outcome));
  });

  it('asks more where the scout was not sure, and the scout is in the trail and the cost of every item', async () => {
    const data = await ask('unsure', items(60));
    const probabilities = data.map(({ inclusion_probability: p }) => p);
    expect(new Set(probabilities).size).toBeGreaterThan(10);
    expect(Math.min(...probabilities)).toBeGreaterThanOrEqual(0.05);
    for (const { trail, cost, outcome } of data) {
      expect(trail[0]).toMatchObject({ tier: 'scout', judge: 'quick' });
      expect(cost.usd).toBeGreaterThan(0);
      expect(trail).toHaveLength(outcome === 'skipped' ? 1 : 3);
    }
    // Asked again: the draw is remembered, nobody pays for the scout twice.
    const again = await ask('unsure', items(60));
    expect(again.map(({ outcome }) => outcome)).toEqual(data.map(({ outcome }) => outcome));
    expect(again.every(({ trail }) => trail[0]?.tier !== 'scout')).toBe(true);
  });

  it('asks two scouts for their disagreement', async () => {
    const data = await ask('apart', items(20));
    for (const { trail } of data) {
      expect(trail.slice(0, 2).map(({ judge }) => judge)).toEqual(['quick', 'strict']);
    }
    expect(data.some(({ outcome }) => outcome === 'skipped')).toBe(true);
  });

  it('takes rare kinds more often than frequent ones', async () => {
    const common = Array.from({ length: 80 }, (_, n) => ({
      id: `c${n}`,
      prompt: 'Please tell me in a few plain words what the weather is going to be like in the north today',
      candidates: [`It is going to rain in the north all day, says station ${n}.`, `Sun, says station ${n}.`],
    }));
    const rare = {
      id: 'rare',
      prompt: 'Prove that the square root of two is irrational',
      candidates: ['By parity.', 'No.'],
    };
    const data = await ask('kinds', [...common, rare]);
    expect(data.at(-1)?.inclusion_probability).toBe(1);
    expect(data.at(-2)?.inclusion_probability).toBeLessThan(0.3);
  });

  it('leaves out near-duplicates by name, but not the same item asked again', async () => {
    const words = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ');
    const one = { id: 'one', prompt: words, candidates: ['x', 'y'] };
    const data = await ask('near', [
      one,
      { ...one, id: 'two', candidates: ['x', 'z'] },
      { ...one, id: 'three' },
    ]);
    expect(data.map(({ outcome }) => outcome === 'skipped')).toEqual([false, true, false]);
    expect(data[1]?.error?.message).toBe('two is a near-duplicate of one');
  });

  it('multiplies with the probability that the item came with', async () => {
    const drawn = items(40).map((each) => ({ ...each, inclusion_probability: 0.25 }));
    const data = await ask('half', drawn);
    expect(data.every(({ inclusion_probability: p }) => p === 0.125)).toBe(true);
    const { status, body } = await gateway.post('/v1/feedback/preferences', {
      items: [{ ...item(1), inclusion_probability: 0 }],
    });
    expect(status).toBe(200);
    expect(reply.parse(body).data[0]).toMatchObject({
      outcome: 'invalid_item',
      error: { message: expect.stringContaining('items[0].inclusion_probability') },
    });
  });

  it('takes rows that the command line drew, with their probabilities, as a job', async () => {
    const { code, stdout, stderr } = await cli(
      [
        'label',
        file('pairs.jsonl'),
        '--detach',
        '--url',
        gateway.url,
        '--sample',
        'random',
        '--share',
        '0.5',
        '--json',
      ],
      { program },
    );
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { id, items: sent } = z.object({ id: z.string(), items: z.int() }).parse(JSON.parse(stdout));
    expect(stderr).toContain(`${40 - sent} rows were left out by sampling`);
    const rows = await resultsOf(id);
    expect(rows).toHaveLength(sent);
    expect(rows.every(({ inclusion_probability: p, label }) => p === 0.5 && label !== null)).toBe(true);
  });

  it('multiplies the probability that rows of a file bring by that of the draw', async () => {
    const drawnBefore = Array.from({ length: 20 }, (_, i) => ({
      prompt: `Drawn before, ${i}?`,
      candidates: ['yes', 'no'],
      inclusion_probability: 0.25,
    }));
    writeFileSync(file('drawn.jsonl'), jsonLines(drawnBefore));
    const drawing = ['--sample', 'random', '--share', '0.5', '--json'];
    const argv = ['label', file('drawn.jsonl'), '--detach', '--url', gateway.url, ...drawing];
    const { code, stdout } = await cli(argv, { program });
    expect(code).toBe(0);
    const { id, items: sent } = z.object({ id: z.string(), items: z.int() }).parse(JSON.parse(stdout));
    const rows = await resultsOf(id);
    expect(sent).toBeGreaterThan(0);
    expect(rows.map((row) => row.inclusion_probability)).toEqual(Array.from({ length: sent }, () => 0.125));
  });

  it('draws the items of a job as they come in', async () => {
    const submit = (query: string, body: string) =>
      fetch(`${gateway.url}/v1/feedback/jobs?${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/jsonl' },
        body,
      });
    const body = items(80)
      .map((each) => `${JSON.stringify(each)}\n`)
      .join('');
    const submitted = await submit('sample=random&share=0.25&sample_seed=9&strict=true', body);
    expect(submitted.status).toBe(202);
    const { id, invalid_items: invalid } = z
      .object({ id: z.string(), invalid_items: z.int() })
      .parse(await submitted.json());
    expect(invalid).toBe(0);
    const rows = await resultsOf(id);
    expect(rows).toHaveLength(80);
    expect(rows.every(({ inclusion_probability: p }) => p === 0.25)).toBe(true);
    const judged = rows.filter(({ outcome }) => outcome !== 'skipped').length;
    expect(judged).toBeGreaterThan(8);
    expect(judged).toBeLessThan(34);
    for (const [query, param] of [
      ['sample=random', 'share'],
      ['share=0.5', 'share'],
      ['sample=most&share=0.5', 'sample'],
      ['drop_near=0.2', 'drop_near'],
    ] as const) {
      const refused = await submit(query, body);
      expect(await refused.json()).toMatchObject({ error: { param } });
      expect(refused.status).toBe(400);
    }
  });
});
