import type { ConfigFile } from './config-file.ts';
import type { Endpoint, NatMapping } from './values.ts';

/** The description of a member of the configuration file in the reference. */
export interface Description {
  readonly what: string;
  /** The form of a string, or of each string in a list, if not every string is valid. */
  readonly form?: string;
  /** The value if the member is omitted; `none` unless given. */
  readonly default?: string;
}

type PathsOf<T, Before extends string = ''> = {
  [Name in keyof T & string]: `${Before}${Name}` | PathsBelow<NonNullable<T[Name]>, `${Before}${Name}`>;
}[keyof T & string];

/** An endpoint and a line of the NAT table are strings in the file. */
type PathsBelow<T, Path extends string> = T extends Endpoint | NatMapping | readonly (NatMapping | 'bridge')[]
  ? never
  : T extends readonly (infer Element)[]
    ? PathsBelowElement<Element, Path>
    : T extends object
      ? PathsOf<Required<T>, `${Path}.`>
      : never;

type PathsBelowElement<T, Path extends string> = T extends object ? PathsOf<Required<T>, `${Path}[].`> : never;

/** Where a member is: `clients[].workloads[].subnet`. */
export type MemberPath = PathsOf<Required<ConfigFile>>;
