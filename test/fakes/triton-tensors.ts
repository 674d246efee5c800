import type { FakeTensor } from './triton-server.ts';

/** Output tensors with literal encodings, written apart from the product's own. */

export function texts(name: string, ...values: string[]): FakeTensor {
  const parts = values.map((value) => {
    const bytes = Buffer.from(value);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return { name, datatype: 'BYTES', shape: [1, values.length], data: Buffer.concat(parts) };
}

export function int32(name: string, value: number): FakeTensor {
  const data = Buffer.alloc(4);
  data.writeInt32LE(value);
  return { name, datatype: 'INT32', shape: [1, 1], data };
}

export function uint32(name: string, value: number): FakeTensor {
  const data = Buffer.alloc(4);
  data.writeUInt32LE(value);
  return { name, datatype: 'UINT32', shape: [], data };
}

export function floats(name: string, values: readonly number[]): FakeTensor {
  const data = Buffer.alloc(4 * values.length);
  for (const [at, value] of values.entries()) data.writeFloatLE(value, 4 * at);
  return { name, datatype: 'FP32', shape: [1, 1, 1, values.length], data };
}
