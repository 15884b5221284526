import { Refused } from './edge.ts';

/** The facts about a request: the request itself, and the result of each step that was taken, by the step's name. */
export type Known<Request, Facts> = { readonly request: Request } & Facts;

type AnyKnown = { request: unknown } & Record<string, unknown>;

interface Row {
  readonly name: string;
  readonly run: (known: never, services: never) => unknown;
  readonly refuse: ((fact: never, known: never) => { readonly kind: string } | undefined) | undefined;
  /** Its fact is kept when the request is decided again. */
  readonly once: boolean;
}

/**
 * The steps of a request as a table. A row has a name and a function that returns one fact, which later rows receive.
 * The function returns a promise only if it must wait, so that a request that waits for nothing is decided in one go.
 * Only the walk keeps the facts, never a step: a request that is decided again has a new record of them.
 */
export class Steps<Request, Services, Facts extends object> {
  readonly #rows: readonly Row[];
  /** All records of a table have the same members from the start, which makes them cheap for V8. */
  readonly #shape: AnyKnown;

  private constructor(rows: readonly Row[]) {
    this.#rows = rows;
    this.#shape = { ...Object.fromEntries(rows.map(({ name }) => [name, undefined])), request: undefined };
  }

  static of<Request, Services>(): Steps<Request, Services, {}> {
    return new Steps([]);
  }

  /** `refuse` returns a refusal if the fact ends the request. The answer and the audit record can use the fact. */
  step<const N extends string, T>(
    name: N,
    run: (known: Known<Request, Facts>, services: Services) => T | Promise<T>,
    refuse?: (fact: T, known: Known<Request, Facts>) => { readonly kind: string } | undefined,
  ): Steps<Request, Services, Facts & { readonly [K in N]: T }> {
    return new Steps([...this.#rows, { name, run, refuse, once: false }]);
  }

  /**
   * A step that is taken once, even if the request is decided again. If its fact had to be waited for, the other steps
   * are taken again after it, because their facts may no longer hold.
   */
  once<const N extends string, T>(
    name: N,
    run: (known: Known<Request, Facts>, services: Services) => T | Promise<T>,
  ): Steps<Request, Services, Facts & { readonly [K in N]: T }> {
    return new Steps([...this.#rows, { name, run, refuse: undefined, once: true }]);
  }

  /** The rows in order, each with the name of its function, for docs/explanation/requests.md. */
  get rows(): readonly { readonly name: string; readonly by: string; readonly once: boolean }[] {
    return this.#rows.map(({ name, run, once }) => ({ name, by: run.name, once }));
  }

  begin(request: Request): Walk<Request, Services, Facts> {
    return new Walk(this.#rows, this.#shape, request);
  }
}

/** The facts about a request after all of these steps. */
export type AllKnown<S> = S extends Steps<infer Request, infer _, infer Facts> ? Known<Request, Facts> : never;

/** The facts about a request that may have failed in one of these steps. */
export type SomeKnown<S> =
  S extends Steps<infer Request, infer _, infer Facts> ? Known<Request, Partial<Facts>> : never;

/** Takes one request through the steps. */
export class Walk<Request, Services, Facts extends object> {
  readonly #rows: readonly Row[];
  readonly #shape: AnyKnown;
  #known: AnyKnown;
  #at = 0;
  /** By row, whether its fact is kept. */
  readonly #kept: boolean[] = [];
  /** The refusal of a step that is taken once. It is thrown again instead of taking the step again. */
  #refusedOnce: Refused | undefined;

  constructor(rows: readonly Row[], shape: AnyKnown, request: Request) {
    this.#rows = rows;
    this.#shape = shape;
    this.#known = { ...shape, request };
  }

  /** All facts, after `advance` has returned `undefined`. */
  get whole(): Known<Request, Facts> {
    const known: unknown = this.#known;
    if (!this.#isWhole(known)) throw new Error('the facts about a request are not complete before all steps are taken');
    return known;
  }

  /** The facts so far. */
  get known(): Known<Request, Partial<Facts>> {
    const known: unknown = this.#known;
    if (!this.#isBegun(known)) throw new Error('a request has no record of its facts');
    return known;
  }

  // The rows fill the record with values of the types in `Facts`, which TypeScript cannot follow.
  #isWhole(known: unknown): known is Known<Request, Facts> {
    return known === this.#known && this.#at === this.#rows.length;
  }

  #isBegun(known: unknown): known is Known<Request, Partial<Facts>> {
    return known === this.#known;
  }

  /**
   * Takes the remaining steps. Returns the promise of a fact that must be waited for: call it again with the value.
   * Returns `undefined` after the last step.
   * @throws {Refused} and any other error of a step
   */
  advance(services: Services, waited?: { readonly awaited: unknown }): Promise<unknown> | undefined {
    let given = waited;
    while (this.#at < this.#rows.length) {
      const row = this.#rows[this.#at];
      if (row === undefined || this.#kept[this.#at] === true) {
        this.#at += 1;
        continue;
      }
      const fact = given === undefined ? this.#run(row, services) : given.awaited;
      if (fact instanceof Promise) return fact;
      this.#known[row.name] = fact;
      if (row.once) this.#kept[this.#at] = true;
      this.#at += 1;
      if (row.once && given !== undefined) this.restart();
      given = undefined;
      const refusal = row.refuse && refusalIn(row.refuse, fact, this.#known);
      if (refusal !== undefined) throw new Refused(refusal);
    }
    return undefined;
  }

  #run(row: Row, services: Services): unknown {
    if (!row.once) return runRow(row, this.#known, services);
    if (this.#refusedOnce !== undefined) throw this.#refusedOnce;
    try {
      return runRow(row, this.#known, services);
    } catch (error) {
      this.keepRefusal(error);
      throw error;
    }
  }

  /**
   * Call it when the promise of a step is rejected. Part of a body that is too large has been read, for example: a
   * second attempt would take the rest for the whole body.
   */
  keepRefusal(error: unknown): void {
    if (this.#rows[this.#at]?.once === true && error instanceof Refused) this.#refusedOnce = error;
  }

  /** Begins again with the first step. The facts of steps that are taken once are kept. */
  restart(): void {
    const before = this.#known;
    this.#known = { ...this.#shape, request: before.request };
    this.#at = 0;
    for (const [index, { name }] of this.#rows.entries()) {
      if (this.#kept[index] === true) this.#known[name] = before[name];
    }
  }
}

function runRow(row: Row, known: AnyKnown, services: unknown): unknown {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types of `step` ensure that the row takes these
  return row.run(known as never, services as never);
}

function refusalIn(decide: NonNullable<Row['refuse']>, fact: unknown, known: AnyKnown) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
  return decide(fact as never, known as never);
}
