import { expect, it } from 'vitest';
import { GatewayError } from '../../src/domain/errors.ts';
import { createFeedbackService } from '../../src/feedback/service.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { countingRandom } from '../fakes/clock.ts';
import { startTestGateway } from '../fakes/gateway.ts';
import { engineFailure, generatingEngine } from '../fakes/generating-engine.ts';

const CANARY = 'the-canary-sings-at-noon';

/** Requests that go well, that are refused, and that meet a defect: the log has a line of each, and no text of any. */
it('logs every request, and nothing that was asked or answered', async () => {
  const lines: string[] = [];
  const write = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    lines.push(JSON.stringify([message, fields]));
  };
  const logger = { info: write, warn: write, error: write, flush: () => undefined };
  const feedback = createFeedbackService({
    policies: new Map([
      [
        'default',
        {
          concurrency: 1,
          tasks: new Map([
            ['preference', () => Promise.reject(new GatewayError('internal', 'a defect'))] as const,
          ]),
        },
      ],
    ]),
    items: { admit: () => undefined, enter: () => ({ ok: true, leave: () => undefined }) },
    random: countingRandom(),
    clock: createSystemClock(),
    logger,
  });
  const engine = generatingEngine('small', () => engineFailure('engine_error').failure);
  await using gateway = await startTestGateway([engine], { feedback, logger });
  const item = { prompt: CANARY, candidates: [CANARY, `not ${CANARY}`], metadata: { note: CANARY } };
  const answers = [
    await gateway.post('/v1/feedback/preferences', { items: [item] }),
    await gateway.post('/v1/feedback/preferences', { items: [{ ...item, candidates: [CANARY] }] }),
    await gateway.post('/v1/feedback/preferences', `{"items": "${CANARY}`),
    await gateway.post('/v1/chat/completions', {
      model: 'small',
      messages: [{ role: 'user', content: CANARY }],
    }),
    await gateway.post(`/v1/${CANARY}`, { prompt: CANARY }, { authorization: `Bearer ${CANARY}` }),
    await gateway.post('/v1/feedback/preferences', {}, { authorization: `Bearer ${CANARY}` }),
  ];
  for (const answer of answers) expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toEqual([200, 200, 400, 502, 404, 401]);
  await expect.poll(() => lines.filter((line) => line.startsWith('["request answered"')).length).toBe(6);
  expect(lines.some((line) => line.startsWith('["judging an item failed"'))).toBe(true);
  expect(lines.join('\n')).not.toContain('canary');
});
