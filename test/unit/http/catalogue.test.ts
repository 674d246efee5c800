import { describe, expect, it } from 'vitest';
import type { Scope } from '../../../src/contracts/authenticator.ts';
import { createCatalogue } from '../../../src/http/catalogue.ts';
import { engineFailure, generatingEngine } from '../../fakes/generating-engine.ts';

const refuse = () => engineFailure('internal').failure;
const small = generatingEngine('small', refuse);
const large = { ...generatingEngine('large', refuse), model: 'shared/model' };
const twin = { ...generatingEngine('twin', refuse), model: 'shared/model' };

const catalogue = createCatalogue(
  [
    { name: 'default', tasks: ['preference'], engines: ['small', 'large'], deadlineMs: 1000 },
    { name: 'strict', tasks: ['preference'], engines: ['large'], deadlineMs: 5000 },
  ],
  new Map([small, large, twin].map((engine) => [engine.id, engine])),
);
const anyTeam = { team: 't', keyId: null, scopes: new Set<Scope>(['submit']), policies: null };
const smallTeam = {
  team: 's',
  keyId: null,
  scopes: new Set<Scope>(['submit']),
  policies: new Set(['default']),
};
const strictTeam = {
  team: 'x',
  keyId: null,
  scopes: new Set<Scope>(['submit']),
  policies: new Set(['strict']),
};

function found(name: string): unknown {
  const offer = catalogue.model(name, anyTeam);
  return [offer.engines.map((engine) => engine.id), offer.deadlineMs];
}

describe('model names', () => {
  it('stand for the engines of a policy in order, an engine, or all that serve a model', () => {
    expect(found('assay/default')).toEqual([['small', 'large'], 1000]);
    expect(found('small')).toEqual([['small'], 1000]);
    expect(found('large')).toEqual([['large'], 5000]);
    expect(found('small-model')).toEqual([['small'], 1000]);
    expect(found('shared/model')).toEqual([['large', 'twin'], 5000]);
    expect(found('twin')).toEqual([['twin'], 60_000]);
  });

  it('that do not exist are refused with those that do', () => {
    expect(() => catalogue.model('gpt', strictTeam)).toThrow(
      'there is no model of this name; known: assay/strict, large, shared/model',
    );
  });

  it('are refused to teams that may not use their policies', () => {
    expect(() => catalogue.model('assay/strict', smallTeam)).toThrow(
      "this key's team may not use assay/strict",
    );
    expect(() => catalogue.model('small', strictTeam)).toThrow("this key's team may not use small");
    expect(() => catalogue.model('twin', smallTeam)).toThrow("this key's team may not use twin");
    expect(catalogue.model('large', smallTeam).name).toBe('large');
  });

  it('are listed for the team that asks', () => {
    const names = (team: typeof smallTeam) => catalogue.models(team).map((offer) => offer.name);
    expect(names(strictTeam)).toEqual(['assay/strict', 'large', 'shared/model']);
    expect(catalogue.models(anyTeam).map((offer) => offer.name)).toEqual([
      'assay/default',
      'assay/strict',
      'small',
      'large',
      'twin',
      'small-model',
      'shared/model',
    ]);
  });
});

describe('policies', () => {
  it('are found by name, the first one without', () => {
    expect(catalogue.policy('strict', anyTeam).deadlineMs).toBe(5000);
    expect(catalogue.policy(undefined, anyTeam).name).toBe('default');
  });

  it('are refused when unknown or not allowed', () => {
    expect(() => catalogue.policy('other', smallTeam)).toThrow('policy is not a known one; known: default');
    expect(() => catalogue.policy(undefined, strictTeam)).toThrow(
      "this key's team may not use the policy default",
    );
  });
});
