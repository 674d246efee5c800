import { z } from 'zod';

/** Sections of the configuration about figures and traces. */

export const metrics = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  port: z.int().min(0).max(65535).default(9464).describe('Port of `/metrics`; 0 takes a free one.'),
});
