type FaultName = 'masterKey' | 'release';

/** The notice of the end of each. */
const overs: Readonly<Record<FaultName, string>> = {
  masterKey: 'This node has the master key of the store again.',
  release: 'The release that writes the store is known, and none newer than this: this node uses the store again.',
};

/**
 * Why this node must not be asked although the database answers it. A balancer that asks `/readyz` takes it out of the
 * traffic meanwhile.
 */
export class NodeFaults {
  readonly #notice: (message: string) => void;
  readonly #whys: Record<FaultName, string | undefined> = { masterKey: undefined, release: undefined };

  /** @param notice tells the operator, once for each beginning and end */
  constructor(notice: (message: string) => void) {
    this.#notice = notice;
  }

  /** Sentences for those that hold. */
  get whys(): Readonly<Record<FaultName, string | undefined>> {
    return this.#whys;
  }

  /** @param why sentences; `undefined`: it is over */
  set(name: FaultName, why: string | undefined): void {
    if (this.#whys[name] === why) return;
    this.#whys[name] = why;
    this.#notice(why ?? overs[name]);
  }
}
