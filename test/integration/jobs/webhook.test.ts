import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobStore } from '../../../src/contracts/job-store.ts';
import { createDispatcher } from '../../../src/jobs/webhooks/dispatcher.ts';
import { createSender, type Endpoint } from '../../../src/jobs/webhooks/sender.ts';
import { createJobStore } from '../../../src/ledger/jobs/job-store.ts';
import { createSystemClock, createSystemRandom } from '../../../src/telemetry/system-clock.ts';
import { quietLogger, startTestStore, type TestStore } from '../../fakes/embedded-store.ts';
import { itemsNamed, newJob, verdictWith } from '../../fakes/job-items.ts';
import { listenOn } from '../../fakes/listen.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwLong';

describe('telling of the end of a job', () => {
  let opened: TestStore;
  let store: JobStore;
  beforeAll(async () => {
    opened = await startTestStore();
    store = createJobStore(opened.store);
  }, 60_000);
  afterAll(() => opened?.[Symbol.asyncDispose]());

  /** A job of one item, at its end. */
  const endJob = async (id: string): Promise<void> => {
    await store.open(newJob({ id, webhook: 'hook' }));
    await store.addShard(id, { no: 0, first: 0, count: 1, items: JSON.stringify(itemsNamed(1)) });
    await store.accept(id, { items: 1, invalid: 0, bodyHash: 'h' });
    const claimed = await store.claim({ token: id, leaseMs: 30_000 });
    const ends = [{ n: 0, verdict: verdictWith('row-0') }];
    await store.commit(claimed!.lease, ends, { leaseMs: 30_000, messageId: `msg_${id}` });
  };

  it('is tried until it arrived, with one id, and never again', async () => {
    const got: { id: string; type: string }[] = [];
    const answers = [500, 204];
    const arrivals = [1, 2, 3].map(() => Promise.withResolvers<void>());
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        // Throws, and so answers nothing, for a signature that is not right.
        const event = new Webhook(SECRET).verify(body, headers) as { type: string };
        got.push({ id: headers['webhook-id'] ?? '', type: event.type });
        response.on('close', () => arrivals[got.length - 1]?.resolve());
        response.writeHead(answers[got.length - 1] ?? 204).end();
      });
    });
    const endpoint: Endpoint = { url: await listenOn(server), secret: SECRET, allowPrivate: true };
    const clock = createSystemClock();
    const dispatcher = createDispatcher({
      store: {
        ...store,
        async undelivered(id, retryMs, reason) {
          // The pauses between tries are minutes: this one is made short.
          expect(retryMs).toBeGreaterThanOrEqual(4_000);
          expect(retryMs).toBeLessThanOrEqual(6_000);
          await store.undelivered(id, 0, reason);
        },
      },
      sender: createSender(clock),
      endpoint: (name) => (name === 'hook' ? endpoint : undefined),
      clock,
      random: createSystemRandom(),
      logger: quietLogger(),
    });
    await endJob('job_1');
    dispatcher.start();
    await arrivals[1]?.promise;
    await endJob('job_2');
    await arrivals[2]?.promise;
    await dispatcher.stop();
    server.close();
    expect(got).toEqual([
      { id: 'msg_job_1', type: 'job.completed' },
      { id: 'msg_job_1', type: 'job.completed' },
      { id: 'msg_job_2', type: 'job.completed' },
    ]);
    expect(await store.dueMessages({ limit: 9, leaseMs: 0 })).toEqual([]);
  });
});
