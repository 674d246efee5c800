import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardOf } from '../../../../src/caching/semantic/guard.ts';

const isSame = (one: string, other: string): boolean => guardOf([one]) === guardOf([other]);

describe('the guard of similar texts', () => {
  it.each([
    ['It costs 17 dollars.', 'It costs 18 dollars.'],
    ['17 * 23 is 391', '17 + 23 is 391'],
    ['a temperature of 5 degrees', 'a temperature of -5 degrees'],
    ['grew by 5 %', 'grew by 5'],
    ['1.5 litres', '15 litres'],
    ['two ways to do it', 'three ways to do it'],
    ['The earth is flat.', 'The earth is not flat.'],
    ['You should do that.', "You shouldn't do that."],
    ['You dont need it', 'You need it'],
    ['With sugar', 'Without sugar'],
    ['It is possible.', 'It is impossible.'],
    ['A correct answer', 'An incorrect answer'],
    ['Die Erde ist eine Scheibe.', 'Die Erde ist keine Scheibe.'],
    ['C’est vrai', 'Ce n’est pas vrai'],
    ['这是对的', '这是不对的'],
    ['Это правда', 'Это не правда'],
  ])('tells %j from %j', (one, other) => {
    expect(isSame(one, other)).toBe(false);
  });

  it('tells what is denied, not only that something is', () => {
    expect(isSame('Cats are not blue and dogs are big', 'Cats are blue and dogs are not big')).toBe(false);
  });

  it('tells in which text it stands', () => {
    expect(guardOf(['no', 'yes', ''])).not.toBe(guardOf(['yes', 'no', '']));
    expect(guardOf(['1', '2', ''])).not.toBe(guardOf(['2', '1', '']));
  });

  it.each([
    ['It costs 1,200 dollars', 'It now costs 1200 dollars!'],
    ['Please explain gravity', 'Could you explain gravity, please?'],
    ['I don’t know that', "Well, I don't know that"],
  ])('lets %j and %j pass', (one, other) => {
    expect(isSame(one, other)).toBe(true);
  });

  it('changes with every other whole number, whatever stands around it', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.lorem(), (one, other, words) => {
        fc.pre(one !== other);
        expect(isSame(`${words} ${one} ${words}`, `${words} ${other} ${words}`)).toBe(false);
      }),
    );
  });
});
