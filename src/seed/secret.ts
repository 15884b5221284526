import { accept, breached, wrong } from '../shape/fault.ts';
import { about, checked, flag, hidden, may, named, needed, objectOf, orNull, shortOr, text } from './described.ts';
import type { Described } from './described.ts';

/** The bounds of a secret (about-secrets). `objects/` has the same; `test/seed` compares them. */
export const secretBounds = { valueBytes: 25 * 1024, contentType: 255, tags: 15, tagName: 512, tagValue: 512 } as const;

const encoder = new TextEncoder();

/** Tags: at most so many, with values of at most so many characters. */
export function tagsOf({ most, valueMost }: { readonly most: number; readonly valueMost: number }) {
  const names = {
    what: 'a tag',
    pattern: `^[^]{1,${secretBounds.tagName}}$`,
    rule: 'it must have 1 to 512 characters',
  };
  const values = text({
    pattern: `^[^]{0,${valueMost}}$`,
    rule: `must be a string of at most ${valueMost} characters`,
  });
  const tags = checked(named(names, values), (given) => {
    const count = Object.keys(given).length;
    return count > most ? breached({}, `there are ${count} tags; at most ${most} are allowed`) : accept(given);
  });
  return { ...tags, schema: { ...tags.schema, maxProperties: most } };
}

const value: Described<string> = {
  shape(given) {
    if (typeof given !== 'string') return hidden({ least: 0, most: secretBounds.valueBytes }).shape(given);
    const { length } = encoder.encode(given);
    const rule = `the value has ${length} bytes; at most ${secretBounds.valueBytes} are allowed`;
    return length > secretBounds.valueBytes ? breached(given, rule) : accept(given);
  },
  schema: { type: 'string', maxLength: secretBounds.valueBytes },
};

/** A time in seconds since 1970, as Azure keeps them. */
const time = checked(
  text({
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$',
    rule: 'must be a time in UTC, such as 2027-01-31T12:00:00Z',
  }),
  (given) => {
    const ms = Date.parse(given);
    // A date that does not exist, such as 30 February, would be read as another one.
    const isDate = !Number.isNaN(ms) && new Date(ms).toISOString() === given.replace('Z', '.000Z');
    return isDate ? accept(ms / 1000) : wrong(given, 'must be a time that exists, such as 2027-01-31T12:00:00Z');
  },
);

/** A secret: its value, or an object. */
export function secretOf() {
  const kept = '`null`: the value that the secret has is kept';
  const members = objectOf({
    value: needed(about(`The value. ${kept}`, orNull(value))),
    contentType: may(
      about('What the value is', text({ pattern: '^[^]{0,255}$', rule: 'must be a string of at most 255 characters' })),
    ),
    tags: may(about('Tags of the secret', tagsOf({ most: secretBounds.tags, valueMost: secretBounds.tagValue }))),
    enabled: may(about('Whether it can be read', flag)),
    notBefore: may(about('From when on it can be read', time)),
    expires: may(about('When it expires', time)),
  });
  const long = checked(members, (secret) => {
    const { notBefore = 0, expires = Infinity } = secret;
    return expires < notBefore ? breached({}, 'expires is before notBefore') : accept(secret);
  });
  const short = checked(orNull(value), (given) => accept({ value: given }));
  return shortOr(short, long);
}
