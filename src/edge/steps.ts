import { Refused } from './edge.ts';

/** What is known of a request: the request itself, and a fact by the name of each step that was taken. */
export type Known<Request, Facts> = { readonly request: Request } & Facts;

type AnyKnown = { request: unknown } & Record<string, unknown>;

interface Row {
  readonly name: string;
  readonly run: (known: never, services: never) => unknown;
  readonly refuse: ((fact: never, known: never) => { readonly kind: string } | undefined) | undefined;
  /** Its fact is kept when the request begins again. */
  readonly once: boolean;
}

/**
 * The steps of a request as a table: a row is a name and a function that returns one fact, which the rows after it know.
 * A fact is a value where it can be, so that a request that waits for nothing is decided in one go; or a promise.
 * Whoever runs the steps keeps the facts, no step does: a request that begins again has a new record of them.
 */
export class Steps<Request, Services, Facts extends object> {
  readonly #rows: readonly Row[];
  /** All records of a table have one shape from the start, which is what makes them cheap. */
  readonly #shape: AnyKnown;

  private constructor(rows: readonly Row[]) {
    this.#rows = rows;
    this.#shape = { ...Object.fromEntries(rows.map(({ name }) => [name, undefined])), request: undefined };
  }

  static of<Request, Services>(): Steps<Request, Services, {}> {
    return new Steps([]);
  }

  /** `refuse`: what the fact ends the request with, if it does. The refusal and its record know the fact. */
  step<const N extends string, T>(
    name: N,
    run: (known: Known<Request, Facts>, services: Services) => T | Promise<T>,
    refuse?: (fact: T, known: Known<Request, Facts>) => { readonly kind: string } | undefined,
  ): Steps<Request, Services, Facts & { readonly [K in N]: T }> {
    return new Steps([...this.#rows, { name, run, refuse, once: false }]);
  }

  /**
   * A step that is taken once, however often the request begins again. When its fact had to be waited for, the request
   * begins again after it: what was decided before may not hold any more.
   */
  once<const N extends string, T>(
    name: N,
    run: (known: Known<Request, Facts>, services: Services) => T | Promise<T>,
  ): Steps<Request, Services, Facts & { readonly [K in N]: T }> {
    return new Steps([...this.#rows, { name, run, refuse: undefined, once: true }]);
  }

  /** In their order, each with the name of its function; docs/explanation/requests.md lists them. */
  get rows(): readonly { readonly name: string; readonly by: string; readonly once: boolean }[] {
    return this.#rows.map(({ name, run, once }) => ({ name, by: run.name, once }));
  }

  begin(request: Request): Walk<Request, Services, Facts> {
    return new Walk(this.#rows, this.#shape, request);
  }
}

/** What is known of a request when all of these steps are taken. */
export type AllKnown<S> = S extends Steps<infer Request, infer _, infer Facts> ? Known<Request, Facts> : never;

/** The same of a request that may have failed in one of them. */
export type SomeKnown<S> =
  S extends Steps<infer Request, infer _, infer Facts> ? Known<Request, Partial<Facts>> : never;

/** A request on its way through the steps. */
export class Walk<Request, Services, Facts extends object> {
  readonly #rows: readonly Row[];
  readonly #shape: AnyKnown;
  #known: AnyKnown;
  #at = 0;
  /** By row: that its fact is kept. */
  readonly #kept: boolean[] = [];
  /** What a step refused the request with that is taken once: it is not taken again, and says the same again. */
  #refusedOnce: Refused | undefined;

  constructor(rows: readonly Row[], shape: AnyKnown, request: Request) {
    this.#rows = rows;
    this.#shape = shape;
    this.#known = { ...shape, request };
  }

  /** All that the steps found out, once `advance` has returned `undefined`. */
  get whole(): Known<Request, Facts> {
    const known: unknown = this.#known;
    if (!this.#isWhole(known)) throw new Error('a request is not known before all of its steps are taken');
    return known;
  }

  /** What is known so far. */
  get known(): Known<Request, Partial<Facts>> {
    const known: unknown = this.#known;
    if (!this.#isBegun(known)) throw new Error('a request has no record of what is known');
    return known;
  }

  // Filled by the rows, whose types say with what: which TypeScript cannot follow.
  #isWhole(known: unknown): known is Known<Request, Facts> {
    return known === this.#known && this.#at === this.#rows.length;
  }

  #isBegun(known: unknown): known is Known<Request, Partial<Facts>> {
    return known === this.#known;
  }

  /**
   * Takes the steps that are left. Gives the promise of a fact that must be waited for, and is then called again with
   * what it was fulfilled with; `undefined` after the last step.
   * @throws whatever a step refuses the request with
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

  /** The step that is waited for has failed. Of a body that is too large some is read: the rest is not taken for all of it. */
  keepRefusal(error: unknown): void {
    if (this.#rows[this.#at]?.once === true && error instanceof Refused) this.#refusedOnce = error;
  }

  /** The request begins again, and keeps what is done once. */
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
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `step` has checked that the row asks for what is known
  return row.run(known as never, services as never);
}

function refusalIn(decide: NonNullable<Row['refuse']>, fact: unknown, known: AnyKnown) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same
  return decide(fact as never, known as never);
}
