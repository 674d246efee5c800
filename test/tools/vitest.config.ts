import { defineConfig } from 'vitest/config';
import { countReporter } from './count-reporter.ts';

export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/live/**', 'test/services/**', 'test/chaos/**', 'test/docker/**'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    pool: 'forks',
    reporters: ['default', countReporter()],
  },
});
