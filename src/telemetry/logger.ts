import { pino } from 'pino';
import type { Logger } from '../contracts/telemetry.ts';

/**
 * JSON log lines on stderr. Callers pass fields by name; prompts, completions, keys and headers are
 * never among them, and the redaction below is the net under that rule.
 */
export function createLogger(level: 'silent' | 'error' | 'warn' | 'info'): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: ['authorization', 'apiKey', 'prompt', 'candidates', 'messages', 'body', 'headers', '*.body'],
    },
    pino.destination({ dest: 2, sync: false }),
  );
}
