import { describe, expect, it } from 'vitest';
import { type Json, judgePrompt, type SimulatorClient, startTestSimulator } from './simulator-client.ts';

/** Slow enough never to end by itself within a test. */
const endless = { messages: [{ role: 'user', content: 'go on' }], ignore_eos: true, stream: true };
const short = { messages: [{ role: 'user', content: 'short' }], max_tokens: 1 };
const slow = { interTokenMs: 5 };

/** Values of a metric, by its labels. */
async function metric(simulator: SimulatorClient, name: string): Promise<Record<string, number>> {
  const { text } = await simulator.get('/metrics');
  const samples = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => /\{(.*)\} (\S+)$/.exec(line) ?? []);
  return Object.fromEntries(samples.map(([, labels = '', value]) => [labels, Number(value)]));
}

async function only(simulator: SimulatorClient, name: string): Promise<number | undefined> {
  const values = Object.values(await metric(simulator, name));
  expect(values).toHaveLength(1);
  return values[0];
}

describe('a client that leaves', () => {
  it.each([true, false])('frees its place at once (stream: %s)', async (stream) => {
    await using simulator = await startTestSimulator({ clock: slow });
    const leaving = new AbortController();
    const body = stream ? endless : { ...endless, stream: false };
    const opened = simulator.open('/v1/chat/completions', body, leaving.signal);
    await simulator.until((state) => state['running'] === 1 && state['generation_tokens'] > 0);
    expect(await only(simulator, 'vllm:num_requests_running')).toBe(1);
    expect(await only(simulator, 'vllm:kv_cache_usage_perc')).toBeGreaterThan(0);
    leaving.abort();
    await opened.then((response) => response.text()).catch(() => undefined);
    const state = await simulator.until(({ running }) => running === 0);
    expect(state).toMatchObject({ in_flight: 0, aborted: 1 });
    const made = state['generation_tokens'];
    expect((await simulator.post('/v1/chat/completions', short)).status).toBe(200);
    expect((await simulator.state())['generation_tokens']).toBe(made + 1);
    expect(await only(simulator, 'vllm:kv_cache_usage_perc')).toBe(0);
    expect(await metric(simulator, 'vllm:request_success_total')).toMatchObject({
      'engine="0",finished_reason="abort",model_name="toy"': 0,
    });
  });

  it('gives up its place in the queue', async () => {
    await using simulator = await startTestSimulator({ clock: { ...slow, maxRunning: 1 } });
    const running = await simulator.open('/v1/chat/completions', endless);
    const leaving = new AbortController();
    const waiting = await simulator.open('/v1/chat/completions', endless, leaving.signal);
    expect(waiting.status).toBe(200);
    await simulator.until((state) => state['waiting'] === 1);
    leaving.abort();
    expect(await simulator.until((state) => state['waiting'] === 0)).toMatchObject({
      running: 1,
      aborted: 1,
    });
    await running.body?.cancel();
    await simulator.until((state) => state['in_flight'] === 0);
  });
});

describe('the queue', () => {
  it('answers 503 when it is full, and counts it, while health is well', async () => {
    await using simulator = await startTestSimulator({ clock: { ...slow, maxRunning: 2, maxQueued: 1 } });
    const open = await Promise.all([1, 2, 3].map(() => simulator.open('/v1/chat/completions', endless)));
    await simulator.until((state) => state['running'] === 2 && state['waiting'] === 1);
    const reply = await simulator.post('/v1/chat/completions', endless);
    expect([reply.status, reply.json]).toEqual([
      503,
      {
        error: {
          message:
            'The engine is currently busy and cannot accept new requests. Please try again later or on a different instance.',
          type: 'Service Unavailable',
          param: null,
          code: 503,
        },
      },
    ]);
    expect((await simulator.get('/health')).status).toBe(200);
    expect((await simulator.get('/load')).json).toEqual({ server_load: 3 });
    expect(await metric(simulator, 'vllm:admission_rejections_total')).toMatchObject({
      'model_name="toy",reason="max_num_queued_reqs"': 1,
    });
    expect(await only(simulator, 'vllm:num_requests_waiting')).toBe(1);
    for (const response of open) await response.body?.cancel();
    await simulator.until((state) => state['in_flight'] === 0);
  });

  it('lets the lower priority number go first', async () => {
    await using simulator = await startTestSimulator({ clock: { ...slow, maxRunning: 1 } });
    const busy = await simulator.open('/v1/chat/completions', endless);
    await simulator.until((state) => state['running'] === 1);
    const order: number[] = [];
    const asked: Promise<void>[] = [];
    for (const [index, priority] of [5, 0, -5].entries()) {
      const body = { ...short, priority };
      asked.push(simulator.post('/v1/chat/completions', body).then(() => void order.push(priority)));
      await simulator.until((state) => state['waiting'] === index + 1);
    }
    await busy.body?.cancel();
    await Promise.all(asked);
    expect(order).toEqual([-5, 0, 5]);
  });
});

describe('the clock', () => {
  it('blocks the whole engine for the first request with log-probabilities, and only for it', async () => {
    await using simulator = await startTestSimulator({ clock: { logprobsWarmUpMs: 150 } });
    const timed = async (body: Json): Promise<number> => {
      const from = performance.now();
      expect((await simulator.post('/v1/chat/completions', body)).status).toBe(200);
      return performance.now() - from;
    };
    const first = timed({ ...short, logprobs: true });
    await simulator.until((state) => state['running'] === 1);
    const beside = timed(short);
    expect((await simulator.get('/health')).status).toBe(200);
    expect(await first).toBeGreaterThanOrEqual(149);
    await beside;
    await timed({ ...short, logprobs: true });
    expect(await only(simulator, 'vllm:time_to_first_token_seconds_count')).toBe(3);
    // Two of the three waited for the compilation; a third wait would show in the sum.
    expect(await only(simulator, 'vllm:time_to_first_token_seconds_sum')).toBeGreaterThanOrEqual(0.15);
  });

  it('lets streams show their headers before the first token', async () => {
    await using simulator = await startTestSimulator({ clock: { firstTokenMs: 600_000 } });
    const response = await simulator.open('/v1/chat/completions', endless);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await simulator.state()).toMatchObject({ running: 1, generation_tokens: 0 });
    await response.body?.cancel();
    await simulator.until((state) => state['in_flight'] === 0);
  });
});

describe('the counters', () => {
  it('add up', async () => {
    await using simulator = await startTestSimulator();
    const ask = (fields: Json) => simulator.post('/v1/chat/completions', { temperature: 0, ...fields });
    const content = judgePrompt('one', 'other');
    const judged = await ask({ messages: [{ role: 'user', content }], max_tokens: 1, logprobs: true });
    await ask({ messages: [{ role: 'user', content }], max_tokens: 1, logprobs: true });
    await ask({ messages: [{ role: 'user', content: 'hello' }] });
    const { prompt_tokens: prompt } = judged.json['usage'] as { prompt_tokens: number };
    const state = await simulator.state();
    expect(state).toMatchObject({ label_calls: 2, in_flight: 0, running: 0, aborted: 0 });
    expect(state['requests']).toMatchObject({ '/v1/chat/completions': 3 });
    const cached = Math.floor((prompt - 1) / 16) * 16;
    expect(state['cached_tokens']).toBeGreaterThanOrEqual(cached);
    expect(await only(simulator, 'vllm:prompt_tokens_total')).toBe(state['prompt_tokens']);
    expect(await only(simulator, 'vllm:prefix_cache_hits_total')).toBe(state['cached_tokens']);
    expect(await only(simulator, 'vllm:generation_tokens_total')).toBe(state['generation_tokens']);
    expect(await metric(simulator, 'vllm:request_success_total')).toMatchObject({
      'engine="0",finished_reason="stop",model_name="toy"': 1,
      'engine="0",finished_reason="length",model_name="toy"': 2,
    });
    expect(await metric(simulator, 'http_requests_total')).toMatchObject({
      'handler="/v1/chat/completions",method="POST",status="2xx"': 3,
    });
    expect(await only(simulator, 'vllm:e2e_request_latency_seconds_count')).toBe(3);
  });
});
