import { pino } from 'pino';
import type { Logger } from '../contracts/telemetry.ts';

/** Lines are gathered for so long, in milliseconds, or until there are so many bytes: one write serves hundreds. */
const FLUSH_MS = 200;
const FLUSH_BYTES = 8 * 1024;

/**
 * JSON log lines on stderr. Callers pass fields by name; prompts, completions, keys and headers are
 * never among them, and the redaction below is the net under that rule. Errors are written at once.
 */
export function createLogger(level: 'silent' | 'error' | 'warn' | 'info'): Logger {
  const destination = pino.destination({
    dest: 2,
    sync: false,
    minLength: FLUSH_BYTES,
    periodicFlush: FLUSH_MS,
  });
  const logger = pino(
    {
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      redact: ['authorization', 'apiKey', 'prompt', 'candidates', 'messages', 'body', 'headers'],
    },
    destination,
  );
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error(fields, message) {
      logger.error(fields, message);
      destination.flush();
    },
    flush: () => destination.flushSync(),
  };
}
