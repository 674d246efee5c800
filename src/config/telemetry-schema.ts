import { z } from 'zod';

/** Sections of the configuration about figures and traces. */

export const tracing = z.strictObject({
  module: z
    .string()
    .min(1)
    .optional()
    .describe(
      'JavaScript module that sets OpenTelemetry up (SDK, sampler, exporter), relative to the configuration file; it is loaded once, at the start. Without it, what is set up already (`node --import`) is used.',
    ),
});

export const metrics = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z.int().min(0).max(65535).default(9464).describe('Port of `/metrics`; 0 takes a free one.'),
});
