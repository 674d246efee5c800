import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type ConfiguredEngines, createEngines, kindOf } from './compose-engines.ts';
import { need, type Parts } from './compose-parts.ts';
import type { Evidence } from './compose-evidence.ts';
import { createPolicyRouter } from './compose-caching.ts';
import { policyInfos } from './compose-routing.ts';
import type { LoadedConfig } from './config/loader.ts';
import type { Config } from './config/schema.ts';
import type { Engine } from './contracts/engine.ts';
import type { Judge } from './contracts/judge.ts';
import type { Router } from './contracts/routing.ts';
import type { Authenticator } from './contracts/tenancy.ts';
import { createFeedbackService } from './feedback/service.ts';
import type { GatewayDeps } from './http/deps.ts';
import { createFence } from './judging/fence.ts';
import { createPreferenceJudge } from './judging/preference-judge.ts';
import { createKeyAuthenticator, createOpenAuthenticator, type createOwnKey } from './tenancy/config-keys.ts';

/** All that requests are answered from. A reload makes a new one; the one before goes when nobody needs it. */
export interface GatewayState {
  readonly loaded: LoadedConfig;
  readonly engines: ConfiguredEngines;
  readonly deps: GatewayDeps;
}

/** Takes over the engines of `before` that did not change. Throws when something cannot be made. */
export async function createState(
  loaded: LoadedConfig,
  { parts, ownKey, evidence }: Lasting,
  before: ConfiguredEngines,
): Promise<GatewayState> {
  const { config } = loaded;
  const engines = await createEngines(loaded, parts, before);
  const pools = new Map([...engines].map(([id, { pool }]): [string, Engine] => [id, pool]));
  const deps: GatewayDeps = {
    ...parts,
    authenticator: createAuthenticator(config, ownKey),
    feedback: createFeedback(loaded, pools, parts, evidence),
    outcomes: evidence.outcomes,
    quality: evidence.quality,
    policies: policyInfos(config, evidence, parts),
    engines: pools,
    rubrics: new Map(Object.entries(config.rubrics).map(([id, { text }]) => [id, { id, text }])),
    limits: { bodyBytes: config.server.bodyLimitBytes, maxItems: config.server.maxItems },
    heartbeatMs: config.server.heartbeatMs,
    drainMs: config.server.drainMs,
    logged: config.log.requests,
    version: packageVersion(),
  };
  return { loaded, engines, deps };
}

/** What one state hands to the next. */
export interface Lasting {
  readonly parts: Parts;
  readonly ownKey: OwnKey;
  readonly evidence: Evidence;
}

type OwnKey = ReturnType<typeof createOwnKey>;

function createAuthenticator(config: Config, ownKey: OwnKey): Authenticator {
  const teams = Object.entries(config.teams);
  if (teams.length === 0) return createOpenAuthenticator();
  return createKeyAuthenticator([
    ...teams.map(([team, { keys, policies }]) => ({ team, keys, policies: policies ?? null })),
    ownKey.team,
  ]);
}

function createFeedback(
  { config, templates, certificates = new Map() }: LoadedConfig,
  engines: ReadonlyMap<string, Engine>,
  parts: Parts,
  evidence: Evidence,
) {
  const fence = createFence(config.prompts.secret ?? parts.secret);
  const judges = new Map(
    Object.entries(config.judges).map(([name, judge]): [string, Judge] => {
      const engine = need(engines.get(judge.engine), judge.engine);
      const template = need(templates.find(judge.prompt), judge.prompt);
      return [
        name,
        createPreferenceJudge({
          name,
          engine,
          engineKind: kindOf(need(config.engines[judge.engine], judge.engine)),
          template,
          orders: judge.orders,
          fence,
        }),
      ];
    }),
  );
  const routing = { judges, config, templates, certificates, evidence, parts };
  const policies = Object.entries(config.policies).map(
    ([name, policy]): [string, { router: Router; concurrency: number }] => [
      name,
      { router: createPolicyRouter(name, policy, routing), concurrency: policy.concurrency },
    ],
  );
  return createFeedbackService({ policies: new Map(policies), random: parts.random, logger: parts.logger });
}

function packageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
