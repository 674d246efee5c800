import { expect, it } from 'vitest';
import type { GenerationRouter } from '../../src/contracts/difficulty.ts';
import type { Item } from '../../src/domain/item.ts';
import { startTestGateway } from '../fakes/gateway.ts';
import { engineFailure, events, generatingEngine } from '../fakes/generating-engine.ts';

const CHUNK = {
  id: 'c1',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }],
};
const HARD = { model: 'assay/default', messages: [{ role: 'user', content: 'prove it' }] };
const EASY = { model: 'assay/default', messages: [{ role: 'user', content: 'say hi' }] };

/** Sends proofs to the large engine. */
function proofRouter(): GenerationRouter & { readonly prompts: Item['prompt'][] } {
  const prompts: Item['prompt'][] = [];
  return {
    prompts,
    route(prompt) {
      prompts.push(prompt);
      return JSON.stringify(prompt).includes('prove')
        ? { engines: ['large', 'small'], size: 'large', difficulty: 0.8 }
        : { engines: ['small', 'large'], size: 'small', difficulty: 0.2 };
    },
  };
}

function policiesWith(generation: GenerationRouter) {
  return [
    {
      name: 'default',
      tasks: ['preference' as const],
      engines: ['small', 'large'],
      deadlineMs: 30_000,
      generation,
    },
  ];
}

it('begins a generation for a policy where its router says, streamed or whole', async () => {
  const small = generatingEngine('small', () => events([CHUNK]));
  const large = generatingEngine('large', () => events([CHUNK]));
  const router = proofRouter();
  await using gateway = await startTestGateway([small, large], { policies: policiesWith(router) });
  const hard = await gateway.post('/v1/chat/completions', HARD);
  const easy = await gateway.post('/v1/chat/completions', EASY);
  const streamed = await gateway.post('/v1/chat/completions', { ...HARD, stream: true });
  expect([hard, easy, streamed].map((reply) => reply.headers.get('x-assay-engine'))).toEqual([
    'large',
    'small',
    'large',
  ]);
  expect(await streamed.text()).toContain('[DONE]');
  expect(router.prompts[0]).toEqual([{ role: 'user', content: 'prove it' }]);
});

it('falls over to the other engine from either end', async () => {
  const small = generatingEngine('small', () => events([CHUNK]));
  const large = generatingEngine('large', () => engineFailure('engine_unavailable').failure);
  await using gateway = await startTestGateway([small, large], { policies: policiesWith(proofRouter()) });
  const reply = await gateway.post('/v1/chat/completions', HARD);
  expect(reply.headers.get('x-assay-engine')).toBe('small');
  expect([large.asked.length, small.asked.length]).toEqual([1, 1]);
});

it('leaves requests that name an engine alone', async () => {
  const small = generatingEngine('small', () => events([CHUNK]));
  const large = generatingEngine('large', () => events([CHUNK]));
  const router = proofRouter();
  await using gateway = await startTestGateway([small, large], { policies: policiesWith(router) });
  const reply = await gateway.post('/v1/chat/completions', { ...HARD, model: 'small' });
  expect(reply.headers.get('x-assay-engine')).toBe('small');
  expect(router.prompts).toEqual([]);
});
