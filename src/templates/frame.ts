import type { Allowance, Budget } from './budget.ts';
import type { Value, ValueObject } from './value.ts';

/** The deployment's scope and caller, for the functions about them. Time and randomness are inputs here. */
export interface DeploymentScope {
  /** The value of `subscription()`. */
  readonly subscription: ValueObject;
  /** The value of `resourceGroup()`; absent for a deployment to a subscription. */
  readonly resourceGroup?: ValueObject;
  readonly subscriptionId: string;
  readonly resourceGroupName?: string;
  /** The values of `tenant()`, `deployment()`, `environment()` and `deployer()`. */
  readonly tenant: ValueObject;
  readonly deployment: ValueObject;
  readonly environment: ValueObject;
  readonly deployer: ValueObject;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly newId: () => string;
  /** SHA-1, for `guid`. */
  readonly sha1: (bytes: Uint8Array) => Uint8Array;
  /** The allowance of the deployment; a nested deployment shares that of the outer one. */
  readonly allowance: Allowance;
}

/** A user-defined function of the template. */
export interface UserFunction {
  /** The names of its parameters in lower case. */
  readonly parameters: readonly string[];
  readonly output: Value;
}

/** The arguments of `reference`. */
export interface ReferenceArguments {
  readonly resource: string;
  readonly apiVersion: string | undefined;
  readonly full: boolean;
}

/** The context of an evaluation. */
export interface Frame {
  readonly scope: DeploymentScope;
  readonly parameter: (name: string) => Value;
  readonly variable: (name: string) => Value;
  readonly functions: ReadonlyMap<string, UserFunction>;
  /** The current index of each enclosing loop, by lower-case name; the innermost also as ''. */
  readonly loops: ReadonlyMap<string, number>;
  /** The variables of lambdas, by lower-case name. */
  readonly lambda: ReadonlyMap<string, Value>;
  /** Whether `newGuid` and `utcNow` may be used: only in the default value of a parameter. */
  readonly inDefault: boolean;
  /** `reference` and related functions; absent while their values are not known. */
  readonly runtime?: {
    readonly reference: (asked: ReferenceArguments) => Value;
    /** `resourceInfo`, by symbolic name. */
    readonly information: (symbol: string) => Value;
    /** `references`, by a loop's symbolic name. */
    readonly loop: (symbol: string, full: boolean) => Value;
  };
  readonly budget: Budget;
}
