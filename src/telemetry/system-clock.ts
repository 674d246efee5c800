import { randomBytes, randomInt } from 'node:crypto';
import type { Clock, Random } from '../contracts/clock.ts';

/** The machine's clock. Timers never keep the process alive. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after(ms, callback) {
      const timer = setTimeout(callback, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

const ALPHABET = '0123456789abcdefghijklmnopqrstuv';

/** The machine's randomness. Bytes are drawn in blocks: one system call serves many ids. */
export function createSystemRandom(): Random {
  let block = Buffer.alloc(0);
  let used = 0;
  const word = (length: number): string => {
    if (used + length > block.length) {
      block = randomBytes(4096);
      used = 0;
    }
    let text = '';
    for (let i = 0; i < length; i += 1) text += ALPHABET[(block[used + i] ?? 0) & 31];
    used += length;
    return text;
  };
  return {
    id: (prefix) => prefix + word(26),
    uniform: () => randomInt(2 ** 47) / 2 ** 47,
  };
}
