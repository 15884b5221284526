import type { Allowance, Budget } from './budget.ts';
import type { Value, ValueObject } from './value.ts';

/** Where a template is deployed, and by whom: what its functions say of the world. Time and randomness come in here. */
export interface DeploymentScope {
  /** What `subscription()` gives. */
  readonly subscription: ValueObject;
  /** What `resourceGroup()` gives; absent at the scope of a subscription. */
  readonly resourceGroup?: ValueObject;
  readonly subscriptionId: string;
  readonly resourceGroupName?: string;
  /** What `tenant()`, `deployment()`, `environment()` and `deployer()` give. */
  readonly tenant: ValueObject;
  readonly deployment: ValueObject;
  readonly environment: ValueObject;
  readonly deployer: ValueObject;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly newId: () => string;
  /** SHA-1, which `guid` is made with. */
  readonly sha1: (bytes: Uint8Array) => Uint8Array;
  /** What the deployment may cost; one that is nested in another has the other's. */
  readonly allowance: Allowance;
}

/** A function that the template itself defines. */
export interface UserFunction {
  /** Their names in lower case. */
  readonly parameters: readonly string[];
  readonly output: Value;
}

/** What `reference` was asked for. */
export interface ReferenceAsked {
  readonly resource: string;
  readonly apiVersion: string | undefined;
  readonly full: boolean;
}

/** What an expression is evaluated in. */
export interface Frame {
  readonly scope: DeploymentScope;
  readonly parameter: (name: string) => Value;
  readonly variable: (name: string) => Value;
  readonly functions: ReadonlyMap<string, UserFunction>;
  /** Index and first number of the loops around, by lower-case name; the innermost also as ''. */
  readonly loops: ReadonlyMap<string, number>;
  /** Variables of lambdas, by lower-case name. */
  readonly lambda: ReadonlyMap<string, Value>;
  /** Whether `newGuid` and `utcNow` may be used: only in the default value of a parameter. */
  readonly inDefault: boolean;
  /** `reference` and what rests on it; absent where their values are not known yet. */
  readonly runtime?: {
    readonly reference: (asked: ReferenceAsked) => Value;
    /** `resourceInfo`, of a symbolic name. */
    readonly information: (symbol: string) => Value;
    /** `references`, of a loop's symbolic name. */
    readonly loop: (symbol: string, full: boolean) => Value;
  };
  readonly budget: Budget;
}
