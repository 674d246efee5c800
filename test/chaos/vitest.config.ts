import { defineConfig } from 'vitest/config';
import { countReporter } from '../tools/count-reporter.ts';

/** `npm run test:chaos`: what `npm test` does in small, many times over; the seed is printed. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/chaos/**/*.test.ts'],
    testTimeout: 1_800_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    reporters: ['default', countReporter()],
  },
});
