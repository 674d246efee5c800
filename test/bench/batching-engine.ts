import type { SimulatedClock } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';

/** The simulated engine of the batching bench, a process of its own: its work is nobody's else. */
const CLOCK: SimulatedClock = {
  firstTokenMs: 200,
  prefillMsPer1000Tokens: 2,
  interTokenMs: 5,
  maxRunning: 256,
  maxQueued: undefined,
  logprobsWarmUpMs: 0,
};

const simulator = await startSimulator({ ...quickSimulator('judge', 0.5), clock: CLOCK });
process.send?.(Number(new URL(simulator.url).port));
process.on('disconnect', () => process.exit(0));
