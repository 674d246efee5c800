import { subscribe } from 'node:diagnostics_channel';
import { IncomingMessage } from 'node:http';
import { startSimulator } from '../../../src/engines/simulator/simulator.ts';

/**
 * A simulated vLLM as a process of its own, to be killed. It tells its address, and then each model call as
 * it arrives: what was told before a kill is not lost, as a count inside the process would be.
 */
subscribe('http.server.request.start', (event) => {
  const request = typeof event === 'object' && event !== null && 'request' in event ? event.request : null;
  if (request instanceof IncomingMessage && request.url === '/v1/chat/completions') process.send?.('call');
});

const { url } = await startSimulator({
  flavour: 'vllm',
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  model: 'judge',
  apiKey: undefined,
  maxModelTokens: 2048,
  labelIds: true,
  judge: { seed: 's', sharpness: 2, noise: 0.5, positionBias: 0, labelMass: 0.95, preferences: [] },
  clock: {
    firstTokenMs: 5,
    prefillMsPer1000Tokens: 0,
    interTokenMs: 1,
    maxRunning: 16,
    maxQueued: undefined,
    logprobsWarmUpMs: 0,
  },
  replay: undefined,
});
process.send?.(url);
process.on('disconnect', () => process.exit(0));
