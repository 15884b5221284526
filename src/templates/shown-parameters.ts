import { paySearch } from './budget.ts';
import type { Budget } from './budget.ts';
import type { Frame } from './frame.ts';
import { resolveReference, typeOf } from './parameters.ts';
import { refuse } from './refusal.ts';
import type { Template } from './template.ts';
import type { Value, ValueObject } from './value.ts';

/** The parameters of a deployment as its record shows them, and the secrets that the record must not contain. */
export interface ShownParameters {
  /** A secret parameter has only its type. */
  readonly parameters: ValueObject;
  /** Every string inside the values of secure parameters and references. None may be in anything that is stored or logged. */
  readonly secrets: readonly string[];
}

export function shownParameters(template: Template, frame: Frame, references: ReadonlySet<string>): ShownParameters {
  const secrets: string[] = [];
  const parameters = [...template.parameters].map(([name, declared]) => {
    const { name: type, secure } = typeOf(name, resolveReference(declared, template.definitions, frame.budget));
    const value = frame.parameter(name);
    const secret = secure || references.has(name.toLowerCase());
    if (secret) secrets.push(...stringsIn(value));
    if (secrets.length > secretsMax) {
      refuse(`The secret parameters of a template may contain at most ${secretsMax} strings.`);
    }
    return [name, secret ? { type } : { type, value }] as const;
  });
  return { parameters: Object.fromEntries(parameters), secrets };
}

/** Everything that is stored is searched for each of them. */
const secretsMax = 256;

function stringsIn(value: Value): readonly string[] {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** Pays for searching a whole template for each secret, which is done before any of it is stored. */
export function payForSecrets(secrets: readonly string[], template: Value, budget: Budget): void {
  const length = secrets.length === 0 ? 0 : lengthOf(template);
  for (const secret of secrets) paySearch(budget, { length }, secret);
}

/** The number of characters in a value's strings. */
function lengthOf(value: Value): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce<number>((sum, item: Value) => sum + lengthOf(item), 0);
}
