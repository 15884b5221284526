import { refuse } from '../refusal.ts';
import type { Value } from '../value.ts';
import { integer, mismatch, string } from './function.ts';
import type { CallContext, Functions } from './function.ts';

/** `copyIndex()`, `copyIndex(1)`, `copyIndex('loop')` and `copyIndex('loop', 1)`. */
function copyIndex(given: readonly Value[], call: CallContext): number {
  const [first] = given;
  const named = typeof first === 'string' ? first : '';
  const index = call.frame.loops.get(named.toLowerCase());
  if (index === undefined) {
    return mismatch(call, named === '' ? 'it is not inside a loop' : `it is not inside a loop '${named}'`);
  }
  const at = typeof first === 'string' ? 1 : 0;
  return index + (given.length > at ? integer(given, at, call) : 0);
}

function lambdaVariable(given: readonly Value[], call: CallContext): Value {
  const name = string(given, 0, call);
  return call.frame.lambda.get(name.toLowerCase()) ?? refuse(`The lambda variable '${name}' is not found.`);
}

/** Functions that return values that the template already has. */
export const lookups: Functions = {
  parameters: { arity: [1, 1], makes: false, run: (given, call) => call.frame.parameter(string(given, 0, call)) },
  variables: { arity: [1, 1], makes: false, run: (given, call) => call.frame.variable(string(given, 0, call)) },
  copyIndex: { arity: [0, 2], makes: false, run: copyIndex },
  lambdaVariables: { arity: [1, 1], makes: false, run: lambdaVariable },
  subscription: { arity: [0, 0], makes: false, run: (_, { frame }) => frame.scope.subscription },
  resourceGroup: {
    arity: [0, 0],
    makes: false,
    run: (_, call) => call.frame.scope.resourceGroup ?? mismatch(call, 'this deployment is not in a resource group'),
  },
  tenant: { arity: [0, 0], makes: false, run: (_, { frame }) => frame.scope.tenant },
  deployment: { arity: [0, 0], makes: false, run: (_, { frame }) => frame.scope.deployment },
  environment: { arity: [0, 0], makes: false, run: (_, { frame }) => frame.scope.environment },
  deployer: { arity: [0, 0], makes: false, run: (_, { frame }) => frame.scope.deployer },
};
