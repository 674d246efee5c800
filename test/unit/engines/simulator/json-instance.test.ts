import { describe, expect, it } from 'vitest';
import { jsonInstance } from '../../../../src/engines/simulator/json-instance.ts';

describe('the plainest instance of a schema', () => {
  it.each([
    [{ type: 'object', properties: { v: { enum: ['A', 'B'] } }, required: ['v'] }, '{"v":"A"}'],
    [{ properties: { x: { type: 'string' }, y: { type: 'boolean' } } }, '{"x":"text","y":true}'],
    [{ type: 'object', properties: { x: {}, y: { const: 3 } }, required: ['y'] }, '{"y":3}'],
    [{ type: 'string', minLength: 6 }, '"textxx"'],
    [{ type: 'string', maxLength: 2 }, '"te"'],
    [{ type: 'integer', minimum: 4 }, '4'],
    [{ type: 'integer', maximum: -3 }, '-3'],
    [{ type: 'number', exclusiveMinimum: 2, maximum: 2.2 }, '2.2'],
    [{ type: 'array', items: { type: 'null' }, minItems: 2 }, '[null,null]'],
    [{ anyOf: [{ type: 'array' }, { type: 'string' }] }, '[]'],
    [{ type: ['string', 'null'] }, '"text"'],
    [
      { $defs: { s: { type: 'object', properties: { n: { type: 'integer' } } } }, $ref: '#/$defs/s' },
      '{"n":1}',
    ],
    [true, 'null'],
  ])('of %j is %s', (schema, instance) => {
    expect(jsonInstance(schema)).toBe(instance);
  });

  it('ends where a schema refers to itself', () => {
    const tree = { type: 'object', properties: { child: { $ref: '#' } }, required: ['child'] };
    expect(jsonInstance(tree)).toMatch(/^(\{"child":)+null\}+$/);
  });
});
