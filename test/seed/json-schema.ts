type Schema = Readonly<Record<string, unknown>>;

/** The keywords of JSON Schema that the published schema has; another one is an error, so that none is passed over. */
const keywords: Readonly<Record<string, (wanted: never, value: unknown, schema: Schema) => boolean>> = {
  $schema: () => true,
  title: () => true,
  description: () => true,
  default: () => true,
  type: (type: string, value) => typeOf(value) === type || (type === 'number' && typeOf(value) === 'integer'),
  enum: (choices: readonly unknown[], value) => choices.includes(value),
  pattern: (pattern: string, value) => typeof value !== 'string' || new RegExp(pattern, 'u').test(value),
  minLength: (least: number, value) => typeof value !== 'string' || Array.from(value).length >= least,
  maxLength: (most: number, value) => typeof value !== 'string' || Array.from(value).length <= most,
  minimum: (least: number, value) => typeof value !== 'number' || value >= least,
  maximum: (most: number, value) => typeof value !== 'number' || value <= most,
  maxProperties: (most: number, value) => !isObject(value) || Object.keys(value).length <= most,
  items: (schema: Schema, value) => !Array.isArray(value) || value.every((one) => isValid(schema, one)),
  anyOf: (schemas: readonly Schema[], value) => schemas.some((schema) => isValid(schema, value)),
  required: (names: readonly string[], value) => !isObject(value) || names.every((name) => Object.hasOwn(value, name)),
  propertyNames: (schema: Schema, value) =>
    !isObject(value) || Object.keys(value).every((name) => isValid(schema, name)),
  properties: (schemas: Readonly<Record<string, Schema>>, value) =>
    !isObject(value) ||
    Object.entries(value).every(([name, one]) => schemas[name] === undefined || isValid(schemas[name], one)),
  additionalProperties: (schema: Schema | false, value, { properties = {} }) =>
    !isObject(value) ||
    Object.entries(value).every(
      ([name, one]) =>
        (isObject(properties) && Object.hasOwn(properties, name)) || (schema !== false && isValid(schema, one)),
    ),
};

/** Whether a value is valid by a schema (JSON Schema, draft 2020-12). */
export function isValid(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([name, wanted]) => {
    const holds = keywords[name];
    if (holds === undefined) throw new Error(`the schema has the keyword ${name}, which is not read here`);
    return holds(wanted as never, value, schema);
  });
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeOf(value) === 'object';
}
