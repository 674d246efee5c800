/// <reference lib="esnext.float16" />
/**
 * Triton's raw tensors: row-major, little-endian, and for BYTES each element behind its length as uint32.
 * The typed arrays used here are little-endian on every machine that runs Node's official builds.
 */
export interface Tensor {
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: Buffer;
}

type Writer = (view: DataView, offset: number, value: number | bigint) => void;
type Reader = (view: DataView, offset: number) => number;

interface Encoding {
  readonly bytes: number;
  readonly write: Writer;
  readonly read: Reader;
}

/** All datatypes of fixed size. 64-bit integers are read as numbers: counts and times stay far below 2^53. */
const ENCODINGS: Readonly<Record<string, Encoding>> = {
  BOOL: {
    bytes: 1,
    write: (view, offset, value) => view.setUint8(offset, Number(value)),
    read: (view, offset) => view.getUint8(offset),
  },
  UINT8: {
    bytes: 1,
    write: (view, offset, value) => view.setUint8(offset, Number(value)),
    read: (view, offset) => view.getUint8(offset),
  },
  INT8: {
    bytes: 1,
    write: (view, offset, value) => view.setInt8(offset, Number(value)),
    read: (view, offset) => view.getInt8(offset),
  },
  UINT16: {
    bytes: 2,
    write: (view, offset, value) => view.setUint16(offset, Number(value), true),
    read: (view, offset) => view.getUint16(offset, true),
  },
  INT16: {
    bytes: 2,
    write: (view, offset, value) => view.setInt16(offset, Number(value), true),
    read: (view, offset) => view.getInt16(offset, true),
  },
  UINT32: {
    bytes: 4,
    write: (view, offset, value) => view.setUint32(offset, Number(value), true),
    read: (view, offset) => view.getUint32(offset, true),
  },
  INT32: {
    bytes: 4,
    write: (view, offset, value) => view.setInt32(offset, Number(value), true),
    read: (view, offset) => view.getInt32(offset, true),
  },
  UINT64: {
    bytes: 8,
    write: (view, offset, value) => view.setBigUint64(offset, BigInt(value), true),
    read: (view, offset) => Number(view.getBigUint64(offset, true)),
  },
  INT64: {
    bytes: 8,
    write: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true),
    read: (view, offset) => Number(view.getBigInt64(offset, true)),
  },
  FP16: {
    bytes: 2,
    write: (view, offset, value) => view.setFloat16(offset, Number(value), true),
    read: (view, offset) => view.getFloat16(offset, true),
  },
  BF16: { bytes: 2, write: writeBf16, read: (view, offset) => fromBf16(view.getUint16(offset, true)) },
  FP32: {
    bytes: 4,
    write: (view, offset, value) => view.setFloat32(offset, Number(value), true),
    read: (view, offset) => view.getFloat32(offset, true),
  },
  FP64: {
    bytes: 8,
    write: (view, offset, value) => view.setFloat64(offset, Number(value), true),
    read: (view, offset) => view.getFloat64(offset, true),
  },
};

/** A value of an input tensor: one element or a list of them. */
export type TensorValue = string | number | bigint | boolean | readonly string[] | readonly number[];

/** The elements as the raw contents of a tensor; null when the datatype cannot hold them. */
export function encodeTensor(datatype: string, value: TensorValue): Buffer | null {
  const elements = elementsOf(value);
  if (datatype === 'BYTES') return encodeTexts(elements.map(String));
  const encoding = ENCODINGS[datatype];
  if (encoding === undefined) return null;
  const buffer = Buffer.alloc(encoding.bytes * elements.length);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  for (const [position, element] of elements.entries()) {
    if (typeof element === 'string') return null;
    encoding.write(view, position * encoding.bytes, typeof element === 'boolean' ? Number(element) : element);
  }
  return buffer;
}

export function elementCount(value: TensorValue): number {
  return elementsOf(value).length;
}

function elementsOf(value: TensorValue): readonly (string | number | bigint | boolean)[] {
  return typeof value === 'object' ? value : [value];
}

function encodeTexts(texts: readonly string[]): Buffer {
  const buffer = Buffer.alloc(texts.reduce((bytes, text) => bytes + 4 + Buffer.byteLength(text), 0));
  let offset = 0;
  for (const text of texts) {
    const bytes = buffer.write(text, offset + 4);
    buffer.writeUInt32LE(bytes, offset);
    offset += 4 + bytes;
  }
  return buffer;
}

/** The texts of a BYTES tensor; null when it is none or its lengths do not fit. */
export function textsOf({ datatype, data }: Tensor): readonly string[] | null {
  if (datatype !== 'BYTES') return null;
  const texts: string[] = [];
  let offset = 0;
  while (offset < data.length) {
    if (offset + 4 > data.length) return null;
    const end = offset + 4 + data.readUInt32LE(offset);
    if (end > data.length) return null;
    texts.push(data.toString('utf8', offset + 4, end));
    offset = end;
  }
  return texts;
}

/** The first number of a tensor; null when it has none or is of no known numeric type. */
export function firstNumber({ datatype, data }: Tensor): number | null {
  const encoding = ENCODINGS[datatype];
  if (encoding === undefined || data.length < encoding.bytes) return null;
  return encoding.read(new DataView(data.buffer, data.byteOffset, data.length), 0);
}

/** The numbers of a floating-point tensor, without a copy where the memory allows; null for other types. */
export function floatsOf({ datatype, data }: Tensor): ArrayLike<number> | null {
  switch (datatype) {
    case 'FP32': {
      const { buffer, offset } = aligned(data, 4);
      return new Float32Array(buffer, offset, Math.floor(data.length / 4));
    }
    case 'FP16': {
      const { buffer, offset } = aligned(data, 2);
      return new Float16Array(buffer, offset, Math.floor(data.length / 2));
    }
    case 'FP64': {
      const { buffer, offset } = aligned(data, 8);
      return new Float64Array(buffer, offset, Math.floor(data.length / 8));
    }
    case 'BF16': {
      const { buffer, offset } = aligned(data, 2);
      return Float32Array.from(new Uint16Array(buffer, offset, Math.floor(data.length / 2)), fromBf16);
    }
    default:
      return null;
  }
}

/** Network buffers start anywhere; typed arrays only at multiples of their element's size. */
function aligned(data: Buffer, bytes: number): { readonly buffer: ArrayBufferLike; readonly offset: number } {
  if (data.byteOffset % bytes === 0) return { buffer: data.buffer, offset: data.byteOffset };
  const copy = new Uint8Array(data);
  return { buffer: copy.buffer, offset: copy.byteOffset };
}

/** BF16 is the upper half of an FP32. */
function fromBf16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}

/** Rounds to the nearest, ties to even; NaN keeps a bit so that it stays NaN. */
function writeBf16(view: DataView, offset: number, value: number | bigint): void {
  const wide = new DataView(new ArrayBuffer(4));
  wide.setFloat32(0, Number(value));
  const bits = wide.getUint32(0);
  const rounded = Number.isNaN(Number(value)) ? 0x7fc0 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  view.setUint16(offset, rounded, true);
}
