import { defineConfig } from 'vitest/config';
import { countReporter } from '../tools/count-reporter.ts';

/** Builds deploy/Dockerfile with a Docker engine and runs the image; skipped, with the reason, where there is none. */
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/docker/**/*.test.ts'],
    globalSetup: ['test/docker/setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 600_000,
    reporters: ['default', countReporter()],
  },
});
