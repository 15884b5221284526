import { arrays } from './arrays.ts';
import { comparisons } from './comparisons.ts';
import { dates } from './dates.ts';
import type { TemplateFunction } from './function.ts';
import { lookups } from './lookups.ts';
import { numbers } from './numbers.ts';
import { objects } from './objects.ts';
import { resources } from './resources.ts';
import { strings } from './strings.ts';
import { unsupported } from './unsupported.ts';

/** The functions of the template language that take values, by name in lower case ("ARM template functions"). */
export const functions: ReadonlyMap<string, TemplateFunction> = new Map(
  Object.entries({
    ...comparisons,
    ...numbers,
    ...strings,
    ...arrays,
    ...objects,
    ...dates,
    ...lookups,
    ...resources,
    ...unsupported,
  }).map(([name, known]) => [name.toLowerCase(), known]),
);
