import { defineConfig } from 'vitest/config';
import { countReporter } from '../tools/count-reporter.ts';

/** Opt-in: suites against real engines, by address from the environment. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/live/**/*.test.ts'],
    // The first question for log-probabilities compiles kernels, which takes an engine up to a minute.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    reporters: ['default', countReporter()],
  },
});
