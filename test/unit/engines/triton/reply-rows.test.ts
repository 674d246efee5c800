import { describe, expect, it } from 'vitest';
import { mostRows } from '../../../../src/engines/triton/label-batches.ts';
import { rowsOf } from '../../../../src/engines/triton/reply-rows.ts';
import { ReplyTensors } from '../../../../src/engines/triton/reply-tensors.ts';
import { floats, int32 } from '../../../fakes/triton-tensors.ts';
import type { FakeTensor } from '../../../fakes/triton-server.ts';

function replyOf(...tensors: FakeTensor[]): ReplyTensors {
  return new ReplyTensors({
    model_name: 'm',
    model_version: '1',
    id: '',
    parameters: {},
    // A reply that came over the wire has more fields, none of which are read.
    outputs: tensors.map(({ name, datatype, shape }) => ({
      name,
      datatype,
      shape: shape.map(String),
    })) as never,
    raw_output_contents: tensors.map(({ data }) => data),
  });
}

const stacked = (values: number[], rows: number): FakeTensor => ({
  ...floats('logits', values),
  shape: [rows, 1, values.length / rows],
});
const row = (value: number, place: number): ReplyTensors =>
  replyOf(floats('logits', [value]), int32('batch_index', place));

const firstsOf = (replies: readonly ReplyTensors[], count: number): number[] | undefined =>
  rowsOf(replies, 'logits', count)?.map(({ tensor }) => tensor.data.readFloatLE(0));

describe('the rows of a batch', () => {
  it('are those of one reply, or replies that tell their row, in any order', () => {
    expect(firstsOf([replyOf(stacked([1, 2, 3, 4], 2))], 2)).toEqual([1, 3]);
    expect(firstsOf([row(7, 2), row(5, 0), row(6, 1)], 3)).toEqual([5, 6, 7]);
    expect(firstsOf([replyOf(floats('logits', [9]))], 1)).toEqual([9]);
  });

  it.each([
    ['no reply', [], 2],
    ['another number of rows', [replyOf(stacked([1, 2, 3], 3))], 2],
    ['a row twice', [row(1, 0), row(2, 0)], 2],
    ['a row that was not asked for', [row(1, 0), row(2, 2)], 2],
    ['one reply too many', [row(1, 0), row(2, 1), row(3, 2)], 2],
    ['replies that tell no row', [replyOf(floats('logits', [1])), replyOf(floats('logits', [2]))], 2],
  ] as const)('are nobody’s with %s', (_, replies, count) => {
    expect(rowsOf(replies, 'logits', count)).toBeNull();
  });

  it('are as many as the model takes and half a message holds', () => {
    expect(mostRows(8, 64_000_000, 512_000)).toBe(8);
    expect(mostRows(256, 640_000_000, 512_000)).toBe(128);
    expect(mostRows(256, 64_000_000, 512_000)).toBe(62);
    expect(mostRows(1, 64_000_000, 4)).toBe(0);
    expect(mostRows(64, 1_000_000, 512_000)).toBe(0);
  });
});
