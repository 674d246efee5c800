import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTensor, firstNumber, floatsOf, textsOf } from '../../../../src/engines/triton/tensor.ts';

const tensor = (datatype: string, data: Buffer): { datatype: string; shape: number[]; data: Buffer } => ({
  datatype,
  shape: [1],
  data,
});

describe('encodeTensor', () => {
  it.each([
    ['BOOL', true, [1]],
    ['UINT8', 255, [0xff]],
    ['INT8', -2, [0xfe]],
    ['UINT16', 258, [2, 1]],
    ['INT16', -2, [0xfe, 0xff]],
    ['UINT32', 0xdeadbeef, [0xef, 0xbe, 0xad, 0xde]],
    ['INT32', -2, [0xfe, 0xff, 0xff, 0xff]],
    ['UINT64', 18446744073709551615n, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['INT64', -2, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['FP16', 1.5, [0x00, 0x3e]],
    ['BF16', 1.5, [0xc0, 0x3f]],
    ['FP32', 1.5, [0, 0, 0xc0, 0x3f]],
    ['FP64', 1.5, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]],
    ['INT32', [1, 2], [1, 0, 0, 0, 2, 0, 0, 0]],
    ['BYTES', 'é', [2, 0, 0, 0, 0xc3, 0xa9]],
    ['BYTES', ['', 'a\0b'], [0, 0, 0, 0, 3, 0, 0, 0, 0x61, 0, 0x62]],
  ] as const)('%s %s', (datatype, value, bytes) => {
    expect([...(encodeTensor(datatype, value) ?? [])]).toEqual([...bytes]);
  });

  it('has no answer for a datatype that it does not know, or a text where a number belongs', () => {
    expect(encodeTensor('FP8', 1)).toBeNull();
    expect(encodeTensor('INT32', 'one')).toBeNull();
  });
});

describe('reading', () => {
  it.each([
    'UINT8',
    'INT8',
    'UINT16',
    'INT16',
    'UINT32',
    'INT32',
    'UINT64',
    'INT64',
    'FP16',
    'BF16',
    'FP32',
    'FP64',
  ])('gives back what was written as %s', (datatype) => {
    const data = encodeTensor(datatype, 96)!;
    expect(firstNumber(tensor(datatype, data))).toBe(96);
  });

  it('gives back all texts, whatever is in them', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (texts) => {
        expect(textsOf(tensor('BYTES', encodeTensor('BYTES', texts)!))).toEqual(texts);
      }),
    );
  });

  it('gives back floats from any place in memory', () => {
    fc.assert(
      fc.property(fc.array(fc.float()), fc.nat(7), (numbers, offset) => {
        const data = encodeTensor('FP32', numbers)!;
        const shifted = Buffer.concat([Buffer.alloc(offset), data]).subarray(offset);
        expect(Array.from(floatsOf(tensor('FP32', shifted))!)).toEqual(numbers);
      }),
    );
  });

  it('rounds BF16 to the nearest, as half of an FP32 can hold it', () => {
    fc.assert(
      fc.property(
        fc.float({ noDefaultInfinity: true, noNaN: true, min: Math.fround(-1e30), max: Math.fround(1e30) }),
        (number) => {
          const [read] = Array.from(floatsOf(tensor('BF16', encodeTensor('BF16', number)!))!);
          expect(Math.abs(read! - number)).toBeLessThanOrEqual(Math.abs(number) / 256 + 1e-38);
        },
      ),
    );
  });

  it.each(['FP16', 'BF16', 'FP32', 'FP64'])('keeps %s numbers that are none', (datatype) => {
    const data = encodeTensor(datatype, [Number.NaN, Infinity, -Infinity])!;
    expect(Array.from(floatsOf(tensor(datatype, data))!)).toEqual([Number.NaN, Infinity, -Infinity]);
  });

  it.each([
    ['a length behind the end', Buffer.from([5, 0, 0, 0, 1])],
    ['half a length', Buffer.from([5, 0])],
  ])('refuses texts with %s', (_, data) => {
    expect(textsOf(tensor('BYTES', data))).toBeNull();
  });

  it('takes no tensor for what it is not', () => {
    expect(textsOf(tensor('INT32', Buffer.alloc(4)))).toBeNull();
    expect(floatsOf(tensor('INT32', Buffer.alloc(4)))).toBeNull();
    expect(firstNumber(tensor('BYTES', Buffer.alloc(4)))).toBeNull();
    expect(firstNumber(tensor('INT32', Buffer.alloc(0)))).toBeNull();
  });
});
