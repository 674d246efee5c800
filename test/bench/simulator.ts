import { startSimulator } from '../../src/engines/simulator/simulator.ts';
import { quickSimulator } from '../fakes/quick-simulator.ts';
import { STUB_MODEL } from './planted.ts';

/** The simulated engine as a process of the bench, without delays; it ends when the channel closes. */
const simulator = await startSimulator(quickSimulator(STUB_MODEL, 0));
process.send?.(Number(new URL(simulator.url).port));
process.on('disconnect', () => process.exit(0));
