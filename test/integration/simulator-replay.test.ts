import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askLabels, judgePrompt, startTestSimulator } from './simulator-client.ts';

const rows = [
  {
    prompt: 'p1',
    responses: ['x', 'y'],
    judges: { soft: { p_first: 0.123456789 }, hard: { Plain: ['a', 'a'] } },
  },
  { prompt: 'p1', responses: ['y', 'z'], judges: { soft: { p_first: 0 }, hard: { Plain: ['b', 'a'] } } },
  { prompt: 'p2', responses: ['x', 'y'], judges: { soft: { p_first: 0.9 }, hard: { Plain: [null, 'b'] } } },
  { prompt: 'p2', responses: ['x', 'y'], judges: { soft: { p_first: 0.1 } } },
  { prompt: 'p3', responses: ['x', 'y'], judges: { other: { p_first: 0.5 } } },
];

let directory: string;
let path: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'assay-replay-'));
  path = join(directory, 'judged.jsonl');
  writeFileSync(path, `${rows.map((row) => JSON.stringify(row)).join('\n')}\n\n`);
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('replay of recorded probabilities', () => {
  it('answers each pair with its own, in either order', async () => {
    await using simulator = await startTestSimulator({ replay: { path, judge: 'soft' } });
    const share = async (prompt: string, first: string, second: string) => {
      const { a, b, tie, mass } = await askLabels(simulator, judgePrompt(first, second, { prompt }));
      expect(tie).toBe(0);
      expect(mass).toBeCloseTo(0.999, 9);
      return a / (a + b);
    };
    expect(await share('p1', 'x', 'y')).toBeCloseTo(0.123456789, 10);
    expect(await share('p1', 'y', 'x')).toBeCloseTo(0.876543211, 10);
    expect(await share('p1', 'y', 'z')).toBe(0);
    expect(await share('p1', 'z', 'y')).toBe(1);
    // The first record of a pair counts.
    expect(await share('p2', 'x', 'y')).toBeCloseTo(0.9, 10);
  });

  it('refuses a pair that is not recorded, by this judge', async () => {
    await using simulator = await startTestSimulator({ replay: { path, judge: 'soft' } });
    for (const prompt of ['p3', 'p4']) {
      const reply = await simulator.post('/v1/chat/completions', {
        messages: [{ role: 'user', content: judgePrompt('x', 'y', { prompt }) }],
      });
      expect([reply.status, reply.json]).toEqual([
        400,
        {
          error: {
            message: `replay: this pair is not recorded in ${path}`,
            type: 'BadRequestError',
            param: null,
            code: 400,
          },
        },
      ]);
    }
  });

  it('answers the pair that engines are warmed up with, and prompts without a pair', async () => {
    await using simulator = await startTestSimulator({ replay: { path, judge: 'soft' } });
    const prompt = 'What is the capital of France?';
    const { a, b } = await askLabels(simulator, judgePrompt('Paris.', 'Lyon.', { prompt }));
    expect(a).toBeCloseTo(b, 12);
    const plain = { messages: [{ role: 'user', content: 'hello' }], max_tokens: 2 };
    expect((await simulator.post('/v1/chat/completions', plain)).status).toBe(200);
  });
});

describe('replay of verdicts', () => {
  it('answers with the verdict of the order shown', async () => {
    await using simulator = await startTestSimulator({ replay: { path, judge: 'hard/Plain' } });
    const ask = (prompt: string, first: string, second: string) =>
      askLabels(simulator, judgePrompt(first, second, { prompt }));
    const share = async (prompt: string, first: string, second: string) => {
      const { a, b } = await ask(prompt, first, second);
      return a / (a + b);
    };
    // [a, a]: x whichever comes first. [b, a]: the second shown, in both orders.
    expect(await share('p1', 'x', 'y')).toBeCloseTo(0.98, 10);
    expect(await share('p1', 'y', 'x')).toBeCloseTo(0.02, 10);
    expect(await share('p1', 'y', 'z')).toBeCloseTo(0.02, 10);
    expect(await share('p1', 'z', 'y')).toBeCloseTo(0.02, 10);
    expect((await ask('p2', 'x', 'y')).mass).toBeCloseTo(0.3, 10);
    expect((await ask('p2', 'y', 'x')).mass).toBeCloseTo(0.999, 9);
  });
});

describe('a replay that cannot be', () => {
  it('says what the file has instead', async () => {
    await expect(startTestSimulator({ replay: { path, judge: 'hard' } })).rejects.toThrow(
      `${path} records no judge "hard"; it has soft, hard/Plain, other`,
    );
  });

  it('names the line that it cannot read', async () => {
    const bad = join(directory, 'bad.jsonl');
    writeFileSync(bad, `${JSON.stringify(rows[0])}\nnot json\n`);
    await expect(startTestSimulator({ replay: { path: bad, judge: 'soft' } })).rejects.toThrow(
      `${bad}:2: this line is no JSON`,
    );
    writeFileSync(bad, `${JSON.stringify({ ...rows[0], responses: ['only one'] })}\n`);
    await expect(startTestSimulator({ replay: { path: bad, judge: 'soft' } })).rejects.toThrow(`${bad}:1: `);
    await expect(
      startTestSimulator({ replay: { path: join(directory, 'none'), judge: 'x' } }),
    ).rejects.toThrow('ENOENT');
  });
});
