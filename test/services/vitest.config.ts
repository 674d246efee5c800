import { defineConfig } from 'vitest/config';
import { countReporter } from '../tools/count-reporter.ts';

/** Suites with real services (Redis, PostgreSQL), which they start themselves as processes on loopback. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/services/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    pool: 'forks',
    fileParallelism: false,
    reporters: ['default', countReporter()],
  },
});
