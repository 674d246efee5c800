import { type Checked, invalid } from '../problems.ts';

/**
 * The formula of a multi grader, such as `0.7 * safe + 0.3 * max(short, polite)`: numbers, the graders' names,
 * `+ - * / ^`, brackets and a few functions. It is read into a function; nothing is ever evaluated as code.
 */
export type Formula = (values: ReadonlyMap<string, number>) => number;

/** Longest formula, and the deepest nesting: bodies come from outside. */
const MOST_CHARACTERS = 2_000;
const MOST_DEPTH = 64;

const FUNCTIONS: Readonly<Record<string, (...values: readonly number[]) => number>> = {
  min: Math.min,
  max: Math.max,
  abs: (value = Number.NaN) => Math.abs(value),
  floor: (value = Number.NaN) => Math.floor(value),
  ceil: (value = Number.NaN) => Math.ceil(value),
  exp: (value = Number.NaN) => Math.exp(value),
  sqrt: (value = Number.NaN) => Math.sqrt(value),
  log: (value = Number.NaN) => Math.log(value),
};

/** Functions of several values; all others take one. */
const VARIADIC = new Set(['min', 'max']);

/** Reads a formula over `names`; what is wrong with it is told with its column, counted from 1. */
export function readFormula(text: string, names: ReadonlySet<string>, place: string): Checked<Formula> {
  if (text.length > MOST_CHARACTERS) {
    return { ok: false, problems: [invalid(place, `must have at most ${MOST_CHARACTERS} characters`)] };
  }
  try {
    return { ok: true, value: new FormulaReader(text, names).read() };
  } catch (error) {
    if (!(error instanceof FormulaFault)) throw error;
    return { ok: false, problems: [invalid(place, `${error.message} at column ${error.column}`)] };
  }
}

/** Stays in this file: the way out of the reader's depth. */
class FormulaFault extends Error {
  readonly column: number;
  constructor(message: string, at: number) {
    super(message);
    this.column = at + 1;
  }
}

interface Token {
  readonly text: string;
  readonly at: number;
}

const TOKEN = /\s*(?:((?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?|[A-Za-z_]\w*|[-+*/^(),])|(\S))/gy;

function tokensOf(text: string): Token[] {
  return [...text.trimEnd().matchAll(TOKEN)].map((match) => {
    const [whole, known, odd = ''] = match;
    const at = match.index + whole.length - (known ?? odd).length;
    if (known === undefined) throw new FormulaFault(`does not know "${odd}"`, at);
    return { text: known, at };
  });
}

/** By descent: sums of products of powers of atoms. */
class FormulaReader {
  readonly #tokens: readonly Token[];
  readonly #names: ReadonlySet<string>;
  readonly #end: number;
  #next = 0;
  #depth = 0;

  constructor(text: string, names: ReadonlySet<string>) {
    this.#tokens = tokensOf(text);
    this.#names = names;
    this.#end = text.length;
  }

  read(): Formula {
    const formula = this.#sum();
    if (this.#here() !== undefined) throw this.#fault('expects an operator');
    return formula;
  }

  #sum(): Formula {
    let left = this.#product();
    for (let sign = this.#take('+', '-'); sign !== undefined; sign = this.#take('+', '-')) {
      const [one, other, isPlus] = [left, this.#product(), sign === '+'];
      left = (values) => (isPlus ? one(values) + other(values) : one(values) - other(values));
    }
    return left;
  }

  #product(): Formula {
    let left = this.#signed();
    for (let sign = this.#take('*', '/'); sign !== undefined; sign = this.#take('*', '/')) {
      const [one, other, isTimes] = [left, this.#signed(), sign === '*'];
      left = (values) => (isTimes ? one(values) * other(values) : one(values) / other(values));
    }
    return left;
  }

  /** A minus binds less than a power: -2^2 is -4. */
  #signed(): Formula {
    return this.#nested(() => {
      if (this.#take('-') !== undefined) {
        const value = this.#signed();
        return (values) => -value(values);
      }
      return this.#power();
    });
  }

  /** To the right: 2^3^2 is 2^9. */
  #power(): Formula {
    const base = this.#atom();
    if (this.#take('^') === undefined) return base;
    const exponent = this.#signed();
    return (values) => base(values) ** exponent(values);
  }

  #atom(): Formula {
    if (this.#take('(') !== undefined) {
      const inner = this.#sum();
      this.#expect(')');
      return inner;
    }
    const token = this.#here();
    if (token === undefined) throw this.#fault('ends too early');
    this.#next += 1;
    if (/^[\d.]/.test(token.text)) {
      const number = Number(token.text);
      return () => number;
    }
    if (this.#take('(') !== undefined) return this.#called(token);
    if (!this.#names.has(token.text)) {
      throw new FormulaFault(`knows no grader "${token.text}"`, token.at);
    }
    return (values) => values.get(token.text) ?? Number.NaN;
  }

  #called({ text, at }: Token): Formula {
    const run = Object.hasOwn(FUNCTIONS, text) ? FUNCTIONS[text] : undefined;
    if (run === undefined) throw new FormulaFault(`knows no function "${text}"`, at);
    const given = [this.#sum()];
    while (this.#take(',') !== undefined) given.push(this.#sum());
    this.#expect(')');
    if (given.length > 1 && !VARIADIC.has(text)) throw new FormulaFault(`gives ${text} too much`, at);
    return (values) => run(...given.map((value) => value(values)));
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MOST_DEPTH) throw this.#fault('is nested too deeply');
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #here(): Token | undefined {
    return this.#tokens[this.#next];
  }

  #take(...texts: readonly string[]): string | undefined {
    const token = this.#here();
    if (token === undefined || !texts.includes(token.text)) return undefined;
    this.#next += 1;
    return token.text;
  }

  #expect(text: string): void {
    if (this.#take(text) === undefined) throw this.#fault(`expects "${text}"`);
  }

  #fault(message: string): FormulaFault {
    return new FormulaFault(message, this.#here()?.at ?? this.#end);
  }
}
