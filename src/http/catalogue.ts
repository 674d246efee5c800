import type { GenerationRouter } from '../contracts/difficulty.ts';
import type { Engine } from '../contracts/engine.ts';
import type { PolicyInfo } from '../contracts/feedback.ts';
import type { Principal } from '../contracts/authenticator.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';

/** A name that a request may use as its model, and who answers to it. */
export interface Offer {
  readonly name: string;
  /** Tried in this order. */
  readonly engines: readonly Engine[];
  /** Puts the engines in another order for each generation; null when the order is always the same. */
  readonly router: GenerationRouter | null;
  readonly deadlineMs: number;
  /** The policy that it counts against; undefined for an engine or a model. */
  readonly policy?: string;
  /** A team that may use one of these policies may use the name. */
  readonly policies: readonly string[];
}

/** What the gateway offers: policies by name, and policies, engines and served models as model names. */
export interface Catalogue {
  /** Throws `model_not_found` (naming what exists) or `forbidden`. */
  model(name: string, principal: Principal): Offer;
  models(principal: Principal): readonly Offer[];
  /**
   * The named policy, or the first one for the task when none is named; without a task, of any. Throws
   * `invalid_request` or `forbidden`.
   */
  policy(name: string | undefined, principal: Principal, task?: Task): PolicyInfo;
}

/** Deadline of an engine that no policy uses. */
const UNUSED_ENGINE_DEADLINE_MS = 60_000;
const MOST_LISTED = 50;

export function createCatalogue(
  policies: readonly PolicyInfo[],
  engines: ReadonlyMap<string, Engine>,
): Catalogue {
  const offers = offersOf(policies, engines);
  const models = (principal: Principal): Offer[] =>
    [...offers.values()].filter((offer) => mayUse(principal, offer.policies));
  return {
    models,
    model(name, principal) {
      const offer = offers.get(name);
      if (offer === undefined) {
        const known = list(models(principal).map((known) => known.name));
        throw new GatewayError('model_not_found', `there is no model of this name; known: ${known}`, {
          param: 'model',
        });
      }
      if (!mayUse(principal, offer.policies)) {
        throw new GatewayError('forbidden', `this key's team may not use ${name}`, { param: 'model' });
      }
      return offer;
    },
    policy(name, principal, task) {
      const fitting = policies.filter(({ tasks }) => task === undefined || tasks.includes(task));
      const policy = name === undefined ? fitting[0] : policies.find((candidate) => candidate.name === name);
      const known = fitting.filter((candidate) => mayUse(principal, [candidate.name]));
      if (policy === undefined || !fitting.includes(policy)) {
        const names = list(known.map((candidate) => candidate.name));
        const what = policy === undefined && name !== undefined ? 'is not a known one' : `gives no ${task}`;
        throw new GatewayError('invalid_request', `policy ${what}; known: ${names}`, { param: 'policy' });
      }
      if (!known.includes(policy)) {
        throw new GatewayError('forbidden', `this key's team may not use the policy ${policy.name}`, {
          param: 'policy',
        });
      }
      return policy;
    },
  };
}

/** Policies first, then engine ids, then served models; a model that several engines serve has them all. */
function offersOf(policies: readonly PolicyInfo[], engines: ReadonlyMap<string, Engine>): Map<string, Offer> {
  const offers = new Map<string, Offer>();
  for (const policy of policies) {
    const name = `assay/${policy.name}`;
    const own = policy.engines.flatMap((id) => engines.get(id) ?? []);
    offers.set(name, {
      name,
      engines: [...new Set(own)],
      router: policy.generation ?? null,
      deadlineMs: policy.deadlineMs,
      policy: policy.name,
      policies: [policy.name],
    });
  }
  for (const engine of engines.values()) {
    if (!offers.has(engine.id)) offers.set(engine.id, engineOffer(engine.id, [engine], policies));
  }
  for (const [model, serving] of Map.groupBy(engines.values(), (engine) => engine.model)) {
    if (!offers.has(model)) offers.set(model, engineOffer(model, serving, policies));
  }
  return offers;
}

function engineOffer(name: string, engines: readonly Engine[], policies: readonly PolicyInfo[]): Offer {
  const using = policies.filter((policy) => engines.some((engine) => policy.engines.includes(engine.id)));
  return {
    name,
    engines,
    router: null,
    deadlineMs:
      using.length === 0 ? UNUSED_ENGINE_DEADLINE_MS : Math.max(...using.map((policy) => policy.deadlineMs)),
    policies: using.map((policy) => policy.name),
  };
}

function mayUse(principal: Principal, policies: readonly string[]): boolean {
  const allowed = principal.policies;
  return allowed === null || policies.some((policy) => allowed.has(policy));
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const more = names.length - MOST_LISTED;
  return names.slice(0, MOST_LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
