import { refused } from '../objects/object.ts';
import type { Outcome } from '../objects/object.ts';
import { bodyMembers } from './body.ts';

/** What a member may be, and what it is then. */
interface Kinds {
  readonly text: string;
  readonly flag: boolean;
  readonly number: number;
  readonly texts: readonly string[];
  /** Read by whoever asks for it. */
  readonly anything: unknown;
}

type Shape = Readonly<Record<string, keyof Kinds>>;
type Shaped<S extends Shape> = { readonly [K in keyof S]?: Kinds[S[K]] };

const checks: Readonly<Record<keyof Kinds, { readonly is: (value: unknown) => boolean; readonly must: string }>> = {
  text: { is: (value) => typeof value === 'string', must: 'a string' },
  flag: { is: (value) => typeof value === 'boolean', must: 'true or false' },
  number: { is: (value) => typeof value === 'number', must: 'a number' },
  texts: {
    is: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
    must: 'an array of strings',
  },
  anything: { is: () => true, must: '' },
};

/**
 * A JSON object with members of these kinds and no others; `null` is as good as absent. `at` is where it stands, for the
 * messages: `key_props.`, or nothing for the body itself.
 */
export function readMembers<S extends Shape>(value: unknown, at: string, shape: S): Outcome<Shaped<S>> {
  if (at !== '' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return bad(`${at.slice(0, -1)} must be an object.`);
  }
  const members = bodyMembers(value, Object.keys(shape), at);
  if (!members.ok) return members;
  const present = Object.fromEntries(
    Object.entries(members.value).filter(([, member]) => member !== null && member !== undefined),
  );
  for (const [name, member] of Object.entries(present)) {
    const { is, must } = checks[shape[name] ?? 'anything'];
    if (!is(member)) return bad(`${at}${name} must be ${must}.`);
  }
  return isShaped(present, shape) ? { ok: true, value: present } : bad(`${at} is not complete.`);
}

/** True of what was checked member by member, which TypeScript cannot follow. */
function isShaped<S extends Shape>(members: object, shape: S): members is Shaped<S> {
  return Object.keys(members).every((name) => Object.hasOwn(shape, name));
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
