import { paySearch } from './budget.ts';
import type { Budget } from './budget.ts';
import type { Frame } from './frame.ts';
import { resolved, typeOf } from './parameters.ts';
import { refuse } from './refusal.ts';
import type { Template } from './template.ts';
import type { Value, ValueObject } from './value.ts';

/** The parameters of a deployment as its record may show them, and what it may not show. */
export interface ShownParameters {
  /** Of secret ones the type alone. */
  readonly parameters: ValueObject;
  /** Every text inside the values of secret parameters, secure ones and references: nothing that is stored or logged may hold one. */
  readonly secrets: readonly string[];
}

export function shownParameters(template: Template, frame: Frame, references: ReadonlySet<string>): ShownParameters {
  const secrets: string[] = [];
  const parameters = [...template.parameters].map(([name, declared]) => {
    const { name: type, secure } = typeOf(name, resolved(declared, template.definitions, frame.budget));
    const value = frame.parameter(name);
    const secret = secure || references.has(name.toLowerCase());
    if (secret) secrets.push(...textsIn(value));
    if (secrets.length > secretsMax) {
      refuse(`The secret parameters of a template may hold at most ${secretsMax} strings.`);
    }
    return [name, secret ? { type } : { type, value }] as const;
  });
  return { parameters: Object.fromEntries(parameters), secrets };
}

/** Each of them is looked for in everything that is stored. */
const secretsMax = 256;

function textsIn(value: Value): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Pays for looking for each secret in all of a template, which is done before anything of it is stored. */
export function payForSecrets(secrets: readonly string[], template: Value, budget: Budget): void {
  const length = secrets.length === 0 ? 0 : lengthOf(template);
  for (const secret of secrets) paySearch(budget, { length }, secret);
}

/** Characters of a value's texts. */
function lengthOf(value: Value): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, item: Value) => sum + lengthOf(item), 0);
}
