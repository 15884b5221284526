import { refuse } from '../refusal.ts';
import type { Value } from '../value.ts';
import { integer, mismatch, text } from './function.ts';
import type { Called, Functions } from './function.ts';

/** `copyIndex()`, `copyIndex(1)`, `copyIndex('loop')` and `copyIndex('loop', 1)`. */
function copyIndex(given: readonly Value[], call: Called): number {
  const [first] = given;
  const named = typeof first === 'string' ? first : '';
  const index = call.frame.loops.get(named.toLowerCase());
  if (index === undefined) {
    return mismatch(call, named === '' ? 'there is no loop around it' : `there is no loop '${named}' around it`);
  }
  const at = typeof first === 'string' ? 1 : 0;
  return index + (given.length > at ? integer(given, at, call) : 0);
}

function lambdaVariable(given: readonly Value[], call: Called): Value {
  const name = text(given, 0, call);
  return call.frame.lambda.get(name.toLowerCase()) ?? refuse(`The lambda variable '${name}' is not found.`);
}

/** What hands on values that the template has already. */
export const lookups: Functions = {
  parameters: { arity: [1, 1], makes: false, run: (given, call) => call.frame.parameter(text(given, 0, call)) },
  variables: { arity: [1, 1], makes: false, run: (given, call) => call.frame.variable(text(given, 0, call)) },
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
