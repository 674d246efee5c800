import { afterEach, describe, expect, it } from 'vitest';
import { type ClientOptions, createFeedbackClient, type FeedbackClient } from '../../src/cli/label/client.ts';
import type { ValidRow } from '../../src/cli/label/input.ts';
import {
  envelope,
  type FakeGateway,
  type FakeGatewayOptions,
  startFakeGateway,
} from '../fakes/fake-gateway.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function connect(
  gateway: FakeGatewayOptions,
  options: Partial<ClientOptions> = {},
): Promise<{ gateway: FakeGateway; client: FeedbackClient }> {
  const started = await startFakeGateway(gateway);
  closing.push(() => started.close());
  const client = createFeedbackClient({
    url: started.url,
    apiKey: null,
    task: 'preference',
    policy: null,
    concurrency: 4,
    giveUpAfterMs: 60_000,
    backoff: () => 0,
    onOutage: () => undefined,
    ...options,
  });
  closing.push(() => client.close());
  return { gateway: started, client };
}

const row = (id: string): ValidRow => ({
  ok: true,
  line: 1,
  digest: 'd',
  item: { id, prompt: 'p', candidates: ['x', 'y'], rubric: null, metadata: {} },
  chosen: null,
  sent: 'ab',
});

const never = new AbortController().signal;

describe('the client of the feedback API', () => {
  it('gives up an item that fails eight times while others are answered', async () => {
    const { gateway, client } = await connect({
      failure: ({ id }) =>
        id === 'poison' ? { status: 500, body: envelope('internal', 'a defect') } : undefined,
    });
    let isDone = false;
    const poisoned = client.judge(row('poison'), never).finally(() => {
      isDone = true;
    });
    while (!isDone) expect(await client.judge(row('well'), never)).toMatchObject({ ok: true });
    expect(await poisoned).toEqual({
      ok: false,
      failure: { code: 'internal', message: 'a defect', param: null },
    });
    expect(gateway.asked.filter(({ id }) => id === 'poison').length).toBeGreaterThanOrEqual(8);
  });

  it('tries an item more often than that while nobody is answered', async () => {
    const { gateway, client } = await connect({
      failure: (_, tries) =>
        tries <= 20 ? { status: 503, body: envelope('draining', 'going down') } : undefined,
    });
    expect(await client.judge(row('only'), never)).toMatchObject({ ok: true });
    expect(gateway.asked).toHaveLength(21);
  });

  it('waits as Retry-After says', async () => {
    const waits: number[][] = [];
    const { client } = await connect(
      {
        failure: (_, tries) =>
          tries <= 2
            ? {
                status: 429,
                body: envelope('overloaded', 'slow'),
                headers: tries === 1 ? { 'retry-after': '7' } : {},
              }
            : undefined,
      },
      {
        backoff: (...wait) => {
          waits.push(wait);
          return 0;
        },
      },
    );
    expect(await client.judge(row('x'), never)).toMatchObject({ ok: true });
    expect(waits).toEqual([
      [1, 7000],
      [2, 0],
    ]);
  });

  it('tells an outage once, and the next one again', async () => {
    const reasons: string[] = [];
    const { client } = await connect(
      {
        failure: ({ id }, tries) =>
          id !== 'well' && tries <= 3
            ? { status: 503, body: envelope('draining', `draining ${id}`) }
            : undefined,
      },
      { onOutage: (reason) => reasons.push(reason) },
    );
    await client.judge(row('first'), never);
    await client.judge(row('second'), never);
    expect(reasons).toEqual(['draining first', 'draining second']);
  });

  it('leaves a call at once when it is aborted, also while it waits for another try', async () => {
    const waiting = Promise.withResolvers<void>();
    const { client } = await connect(
      { failure: () => ({ status: 503, body: envelope('overloaded', 'busy') }) },
      {
        backoff: () => {
          waiting.resolve();
          return 3_600_000;
        },
      },
    );
    const abort = new AbortController();
    const call = client.judge(row('x'), abort.signal);
    await waiting.promise;
    abort.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
  });

  it.each(['', '/', '/v1', '/v1/'])('finds the API below %j', async (suffix) => {
    const { gateway } = await connect({});
    const { client } = await connect({}, { url: `${gateway.url}${suffix}` });
    expect(await client.judge(row('x'), never)).toMatchObject({ ok: true });
  });

  it('keeps the path that a gateway is mounted at', async () => {
    const { gateway } = await connect({});
    const { client } = await connect({}, { url: `${gateway.url}/assay/v1` });
    const answer = client.judge(row('x'), never);
    await expect(answer).rejects.toThrow('there is nothing at /assay/v1/feedback/preferences');
  });
});
