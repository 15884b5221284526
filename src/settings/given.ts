import type { Shape } from '../shape/shape.ts';
import type { GivenOptions, OptionName } from './options.ts';
import { readSetting } from './refused.ts';
import { nonEmptyString } from './values.ts';

/** The value of an option, in its shape; `undefined` where it was not given. */
export function chosen<T>(given: GivenOptions, name: OptionName, shape: Shape<T, string>): T | undefined {
  const value = single(given, name);
  return value === undefined ? undefined : readSetting(shape, value, `--${name}`);
}

/** The value of an option that may be given once. */
export function single(given: GivenOptions, name: OptionName): string | undefined {
  const [value] = given.get(name) ?? [];
  return value === undefined ? undefined : readSetting(nonEmptyString, value, `--${name}`);
}
