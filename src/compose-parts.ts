import type { CallStarter } from './contracts/call.ts';
import type { Clock, Random } from './contracts/clock.ts';
import type { Logger } from './contracts/telemetry.ts';
import type { Telemetry } from './compose-telemetry.ts';
import type { Environment } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import { createCallStarter } from './resilience/deadline.ts';
import { createLogger } from './telemetry/logger.ts';
import { createSystemClock, createSystemRandom } from './telemetry/system-clock.ts';

/** What every room gets handed: time, chance, calls and the log. */
export interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly calls: CallStarter;
  readonly logger: Logger;
  readonly environment: Environment;
  /** Absent where no gateway runs. */
  readonly telemetry?: Telemetry;
  /** Unguessable, and this process's own: it stays the same over reloads. */
  readonly secret: string;
}

export function createParts(level: Config['log']['level'], environment: Environment): Parts {
  const clock = createSystemClock();
  const random = createSystemRandom();
  return {
    clock,
    random,
    calls: createCallStarter(clock),
    logger: createLogger(level),
    environment,
    secret: random.id('own_'),
  };
}

/** The configuration was checked: what it names is there. */
export function need<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the checked configuration has no "${name}"`);
  return value;
}
