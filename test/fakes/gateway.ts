import type { Engine } from '../../src/contracts/engine.ts';
import type { Logger } from '../../src/contracts/telemetry.ts';
import type { Authenticator, Principal, Scope } from '../../src/contracts/authenticator.ts';
import type { GatewayDeps } from '../../src/http/deps.ts';
import { createGatewayServer, type GatewayServer } from '../../src/http/server.ts';
import { createCallStarter } from '../../src/resilience/deadline.ts';
import { createSystemClock } from '../../src/telemetry/system-clock.ts';
import { countingRandom } from './clock.ts';
import { labellingService } from './feedback-service.ts';

interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly server: GatewayServer;
  readonly lines: LogLine[];
  /** Resolves when the log has a line for the request with this id. */
  logged(requestId: string): Promise<LogLine>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>;
}

/** `key-all` may use every policy, `key-default` only `default`; there is no other key. */
function testAuthenticator(): Authenticator {
  const work = new Set<Scope>(['submit', 'read']);
  const principals: ReadonlyMap<string | undefined, Principal> = new Map([
    ['Bearer key-all', { team: 'all', keyId: 'k1', scopes: work, policies: null }],
    [
      'Bearer key-default',
      { team: 'default-only', keyId: 'k2', scopes: work, policies: new Set(['default']) },
    ],
  ]);
  return {
    authenticate({ authorization }) {
      const principal = principals.get(authorization);
      if (principal !== undefined) return { ok: true, principal };
      return { ok: false, refusal: { code: 'unauthenticated', retryAfterMs: null } };
    },
  };
}

/** A gateway on a free port of loopback, with a labelling feedback service unless `deps` says otherwise. */
export async function startTestGateway(
  engines: readonly Engine[],
  deps: Partial<GatewayDeps> = {},
): Promise<TestGateway> {
  const clock = deps.clock ?? createSystemClock();
  const log = capturingLogger();
  const feedback = deps.feedback ?? labellingService();
  const all: GatewayDeps = {
    authenticator: testAuthenticator(),
    feedback,
    held: feedback,
    outcomes: { record: (_team, labels) => labels.map(() => 'recorded') },
    quality: { lanes: () => [], difficulty: () => null, anchors: () => [], canaries: () => null },
    budgets: { request: () => undefined, states: async () => [] },
    items: { admit: () => undefined, enter: () => ({ ok: true, leave: () => undefined }) },
    sampler: () => ({ draw: () => ({ taken: true, inclusion: 1, reason: null, trail: [] }) }),
    ledger: null,
    jobs: null,
    stored: null,
    background: null,
    policies: [
      {
        name: 'default',
        tasks: ['preference', 'ranking'],
        engines: engines.map((engine) => engine.id),
        deadlineMs: 30_000,
      },
    ],
    engines: new Map(engines.map((engine) => [engine.id, engine])),
    rubrics: new Map(),
    constitutions: new Map(),
    calls: createCallStarter(clock),
    clock,
    random: countingRandom(),
    logger: log.logger,
    limits: { bodyBytes: 1_000_000, maxItems: 1000, jobBytes: 10_000_000, retentionDays: 30 },
    heartbeatMs: 15_000,
    drainMs: 5_000,
    lookAwayMs: 0,
    logged: 'all',
    version: '0.0.0-test',
    ...deps,
  };
  const server = createGatewayServer(() => all);
  const { url, port } = await server.listen('127.0.0.1', 0);
  return {
    url,
    port,
    server,
    lines: log.lines,
    logged: log.logged,
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { authorization: 'Bearer key-all', 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

interface CapturingLogger {
  readonly logger: Logger;
  readonly lines: LogLine[];
  logged(requestId: string): Promise<LogLine>;
}

export function capturingLogger(): CapturingLogger {
  const lines: LogLine[] = [];
  const waiting = new Map<string, (line: LogLine) => void>();
  const write =
    (level: LogLine['level']) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void => {
      const line = { level, fields, message };
      lines.push(line);
      if (message === 'request answered') waiting.get(String(fields['requestId']))?.(line);
    };
  return {
    lines,
    logger: { info: write('info'), warn: write('warn'), error: write('error'), flush: () => undefined },
    logged(requestId) {
      const line = lines.find(
        ({ fields, message }) => message === 'request answered' && fields['requestId'] === requestId,
      );
      if (line !== undefined) return Promise.resolve(line);
      return new Promise((resolve) => waiting.set(requestId, resolve));
    },
  };
}
