import { payLookUp, spend } from './budget.ts';
import type { Budget } from './budget.ts';
import type { Frame } from './frame.ts';
import { refuse } from './refusal.ts';
import { evaluateValue } from './evaluate.ts';
import { identityOf, isArray, isObject, memberOf, shown, typeName } from './value.ts';
import type { Value, ValueObject } from './value.ts';

/** A type of parameters and outputs: its name in answers, its values, and its name in errors. */
interface ParameterType {
  readonly name: string;
  readonly secure: boolean;
  readonly holds: (value: Value) => boolean;
  readonly expected: string;
}

const isString = (value: Value) => typeof value === 'string';

const parameterTypes: ReadonlyMap<string, ParameterType> = new Map([
  ['string', { name: 'String', secure: false, holds: isString, expected: 'String, Uri' }],
  ['securestring', { name: 'SecureString', secure: true, holds: isString, expected: 'String, Uri' }],
  [
    'int',
    {
      name: 'Int',
      secure: false,
      holds: (value) => typeof value === 'number' && Number.isInteger(value),
      expected: 'Integer',
    },
  ],
  ['bool', { name: 'Bool', secure: false, holds: (value) => typeof value === 'boolean', expected: 'Boolean' }],
  ['object', { name: 'Object', secure: false, holds: (value) => isObject(value), expected: 'Object' }],
  ['secureobject', { name: 'SecureObject', secure: true, holds: (value) => isObject(value), expected: 'Object' }],
  ['array', { name: 'Array', secure: false, holds: (value) => isArray(value), expected: 'Array' }],
]);

const help = 'Please see https://aka.ms/arm-pass-parameter-values for usage details.';

/** The longest chain of `$ref` from one definition to the next. */
const referencesMax = 10;

/** The declaration merged with the definitions in its `$ref`: Bicep's user-defined types. */
export function resolveReference(declaration: ValueObject, definitions: ValueObject, budget: Budget): ValueObject {
  let whole = declaration;
  for (let depth = 0; ; depth += 1) {
    const reference = memberOf(whole, '$ref');
    if (typeof reference !== 'string') return whole;
    const name = /^#\/definitions\/(.+)$/.exec(reference)?.[1];
    if (name !== undefined) payLookUp(budget, definitions, name);
    const found = name === undefined ? undefined : memberOf(definitions, name);
    if (!isObject(found) || depth > referencesMax)
      return refuse(`The type reference '${reference}' has no definition.`);
    // Both objects are copied, name by name.
    spend(budget, 8 * (Object.keys(found).length + Object.keys(whole).length));
    const { $ref: _, ...own } = whole;
    whole = { ...found, ...own };
  }
}

/** The type of a declaration. @throws {TemplateRefused} */
export function typeOf(name: string, declaration: ValueObject): ParameterType {
  const type = memberOf(declaration, 'type');
  const known = typeof type === 'string' ? parameterTypes.get(type.toLowerCase()) : undefined;
  const names = [...parameterTypes.values()].map((each) => each.name).join(', ');
  return known ?? refuse(`The type '${shown(type)}' of '${name}' is not valid; it must be one of ${names}.`);
}

/** @throws {TemplateRefused} when the request gives a parameter that the template does not declare */
export function checkNames(given: ValueObject, declared: Iterable<string>): void {
  const names = [...declared];
  const lower = new Set(names.map((name) => name.toLowerCase()));
  const undeclared = Object.keys(given).filter((name) => !lower.has(name.toLowerCase()));
  if (undeclared.length === 0) return;
  refuse(
    `The template parameters '${undeclared.join(', ')}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '${names.join(', ')}'. ${help}`,
  );
}

/**
 * The value of a parameter: the given one, the default, or `null` if the type allows it. No refusal shows a `secret` value.
 * @throws {TemplateRefused}
 */
export function parameterValue(
  name: string,
  declaration: ValueObject,
  { given, secret, frame }: { readonly given: Value | undefined; readonly secret: boolean; readonly frame: Frame },
): Value {
  const type = typeOf(name, declaration);
  const byDefault = memberOf(declaration, 'defaultValue');
  const nullable = memberOf(declaration, 'nullable') === true;
  if ((given === undefined || given === null) && byDefault === undefined) {
    if (nullable) return null;
    return refuse(`The value for the template parameter '${name}' is not provided. ${help}`);
  }
  const value = given ?? evaluateValue(byDefault ?? null, { ...frame, inDefault: true });
  if (value === null && nullable) return null;
  if (!type.holds(value)) {
    refuse(
      `Template parameter JToken type is not valid. Expected '${type.expected}'. Actual '${typeName(value)}'. The parameter is '${name}'. ${help}`,
    );
  }
  checkConstraints(name, declaration, { value, secret: secret || type.secure });
  return value;
}

function checkConstraints(
  name: string,
  declaration: ValueObject,
  { value, secret }: { readonly value: Value; readonly secret: boolean },
): void {
  const allowed = memberOf(declaration, 'allowedValues');
  const named = secret ? ' value for' : ` value '${shown(value)}' for`;
  const invalid = (rule: string) =>
    refuse(`The provided${named} the template parameter '${name}' is not valid. ${rule} ${help}`);
  if (isArray(allowed) && !isAllowed(value, allowed)) {
    invalid(`The value is not part of the allowed value(s): '${allowed.map(shown).join(',')}'.`);
  }
  const limit = (member: string) => {
    const found = memberOf(declaration, member);
    return typeof found === 'number' ? found : undefined;
  };
  const length = typeof value === 'string' || isArray(value) ? value.length : undefined;
  const [minLength, maxLength] = [limit('minLength'), limit('maxLength')];
  if (length !== undefined && minLength !== undefined && length < minLength) {
    invalid(`Length of the value should be greater than or equal to '${minLength}'.`);
  }
  if (length !== undefined && maxLength !== undefined && length > maxLength) {
    invalid(`Length of the value should be less than or equal to '${maxLength}'.`);
  }
  const [minValue, maxValue] = [limit('minValue'), limit('maxValue')];
  if (typeof value === 'number' && minValue !== undefined && value < minValue) {
    invalid(`The value should be greater than or equal to '${minValue}'.`);
  }
  if (typeof value === 'number' && maxValue !== undefined && value > maxValue) {
    invalid(`The value should be less than or equal to '${maxValue}'.`);
  }
}

/** Whether a value, or each item of an array, is in the list. */
function isAllowed(value: Value, allowed: readonly Value[]): boolean {
  const identities = new Set(allowed.map(identityOf));
  if (identities.has(identityOf(value))) return true;
  return isArray(value) && value.every((item) => identities.has(identityOf(item)));
}
