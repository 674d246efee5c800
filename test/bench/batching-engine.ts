import type { SimulatedClock } from '../../src/contracts/simulator.ts';
import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';

/**
 * The simulated engine of the batching bench, a process of its own: its work is nobody's else. Arguments: seats,
 * and milliseconds to the first token.
 */
const [seats = '256', firstTokenMs = '200'] = process.argv.slice(2);
const CLOCK: SimulatedClock = {
  firstTokenMs: Number(firstTokenMs),
  prefillMsPer1000Tokens: 2,
  interTokenMs: 5,
  maxRunning: Number(seats),
  maxQueued: undefined,
  logprobsWarmUpMs: 0,
};

const simulator = await startSimulator({ ...quickSimulator('judge', 0.5), clock: CLOCK });
process.send?.(Number(new URL(simulator.url).port));
process.on('disconnect', () => process.exit(0));
