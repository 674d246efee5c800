import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cli } from '../fakes/cli-runner.ts';
import { ADMIN_KEY, type OperatedGateway, startOperatedGateway } from '../fakes/operated-gateway.ts';

const counts = z.object({ input: z.number(), output: z.number() });
const rows = z.object({
  data: z.array(
    z.object({
      engine: z.string(),
      replica: z.string(),
      tokens: z
        .object({
          since: z.number(),
          ours: counts,
          engine: counts,
          difference: counts,
          share: z.number().nullable(),
          unknown_calls: z.number(),
          in_flight: z.number(),
        })
        .nullable(),
    }),
  ),
});
const labelled = z.object({
  data: z.tuple([z.object({ cost: z.object({ input_tokens: z.number(), output_tokens: z.number() }) })]),
});
const promptUsage = z.object({ usage: z.object({ prompt_tokens: z.number() }) });
const usage = z.object({ usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }) });

describe("tokens of a gateway beside its engine's own counters", () => {
  let gateway: OperatedGateway;
  beforeAll(async () => {
    gateway = await startOperatedGateway(1);
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const tokens = async () => {
    const reply = await fetch(`${gateway.adminUrl}/admin/engines/tokens`, {
      headers: { authorization: `Bearer ${ADMIN_KEY}` },
    });
    const [row] = rows.parse(await reply.json()).data;
    expect(row).toMatchObject({ engine: 'only', replica: 'only/0' });
    if (row === undefined || row.tokens === null) throw new Error('the engine was not asked yet');
    return row.tokens;
  };
  /** Counts once everything that is out has ended and was counted. */
  const settled = (wanted: Partial<Awaited<ReturnType<typeof tokens>>>) =>
    expect.poll(tokens, { timeout: 10_000 }).toMatchObject({ in_flight: 0, ...wanted });
  /** What the verdict cost; no two questions are the same, so none comes from the cache. */
  const judge = async (question: string) => {
    const reply = await fetch(`${gateway.url}/v1/feedback/preferences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ items: [{ prompt: question, candidates: ['Lima is one.', 'Blue is one.'] }] }),
    });
    return labelled.parse(await reply.json()).data[0].cost;
  };
  const chat = (url: string, body: object, signal?: AbortSignal): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Name a city.' }], ...body }),
      signal: signal ?? null,
    });

  it('are the same after verdicts, and those of their costs', async () => {
    const before = await tokens();
    expect(before).toMatchObject({ ours: { input: 0, output: 0 }, engine: { input: 0, output: 0 } });
    expect(before.share).toBeNull();
    const sum = { input: 0, output: 0 };
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      const cost = await judge(id);
      sum.input += cost.input_tokens;
      sum.output += cost.output_tokens;
    }
    expect(sum.input).toBeGreaterThan(0);
    await settled({
      since: before.since,
      ours: sum,
      engine: sum,
      difference: { input: 0, output: 0 },
      share: 1,
      unknown_calls: 0,
    });
  });

  it('are the same after embeddings, which write none', async () => {
    const { ours } = await tokens();
    const reply = await fetch(`${gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'only', input: 'Lima' }),
    });
    const { prompt_tokens: input } = promptUsage.parse(await reply.json()).usage;
    await settled({ ours: { input: ours.input + input, output: ours.output }, share: 1 });
  });

  it('show what another client asked as a difference', async () => {
    const { ours } = await tokens();
    const direct = await chat(gateway.engineUrl, { model: 'judge', max_tokens: 7 });
    const { prompt_tokens: input, completion_tokens: output } = usage.parse(await direct.json()).usage;
    await settled({ ours, difference: { input, output }, unknown_calls: 0 });
    expect((await tokens()).share).toBeLessThan(1);
  });

  it('count a call that was aborted as unknown', async () => {
    const { ours, difference } = await tokens();
    const leave = new AbortController();
    const reply = await chat(
      gateway.url,
      { model: 'only', max_tokens: 5000, ignore_eos: true, stream: true },
      leave.signal,
    );
    const read = await reply.body?.getReader().read();
    expect(read?.done).toBe(false);
    leave.abort();
    await settled({ ours, unknown_calls: 1 });
    const after = await tokens();
    expect(after.difference.input).toBeGreaterThan(difference.input);
    expect(after.difference.output).toBeGreaterThan(difference.output);
  });

  it('are printed for each replica', async () => {
    const { code, stdout } = await cli([
      'engines',
      '--tokens',
      '--url',
      gateway.adminUrl,
      '--key',
      ADMIN_KEY,
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/replica +tokens +ours +engine +difference +share +unknown calls/);
    expect(stdout).toMatch(/only\/0 +input +[\d,]+ +[\d,]+ +[\d,]+ +\d+(\.\d)? % +1 +0 +\d{4}-/);
  });

  it('begin anew with an engine that was restarted', async () => {
    const { since } = await tokens();
    await gateway.restartEngine();
    await settled({ unknown_calls: 0, difference: { input: 0, output: 0 } });
    expect((await tokens()).since).toBeGreaterThan(since);
    let asked = 0;
    const shareAfterOneMore = async () => {
      await judge(`after ${(asked += 1)}`);
      return (await tokens()).share;
    };
    await expect.poll(shareAfterOneMore, { timeout: 10_000 }).toBe(1);
    await settled({ difference: { input: 0, output: 0 }, unknown_calls: 0, share: 1 });
  });
});
