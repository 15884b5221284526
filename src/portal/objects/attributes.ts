import type { Collection } from '../../types/collection.ts';
import type { ObjectRow } from './collections.ts';

/** The attributes and tags of any object, as the fields of a form hold them. */
export interface AttributesDraft {
  readonly enabled: boolean;
  /** The value of a field for a date and a time, in the time of the browser; `''` if there is none. */
  readonly activation: string;
  readonly expiry: string;
  readonly tags: readonly Tag[];
}

export interface Tag {
  readonly name: string;
  readonly value: string;
}

export const plainAttributes: AttributesDraft = { enabled: true, activation: '', expiry: '', tags: [] };

/** Whether a user sets the two dates. Those of a certificate are in the certificate, and a vault refuses others. */
export function hasDates(collection: Collection): boolean {
  return collection !== 'certificates';
}

export function draftOf({ enabled, notBefore, expires, tags }: ObjectRow, collection: Collection): AttributesDraft {
  const dated = hasDates(collection);
  return {
    enabled,
    activation: dated ? fieldOf(notBefore) : '',
    expiry: dated ? fieldOf(expires) : '',
    tags: Object.entries(tags).map(([name, value]) => ({ name, value })),
  };
}

/** The members of a request's body. A tag without a name is left out. */
export function attributesBody({ enabled, activation, expiry, tags }: AttributesDraft) {
  const [nbf, exp] = [secondsOf(activation), secondsOf(expiry)];
  return {
    attributes: { enabled, ...(nbf !== undefined && { nbf }), ...(exp !== undefined && { exp }) },
    tags: Object.fromEntries(tags.filter(({ name }) => name !== '').map(({ name, value }) => [name, value])),
  };
}

/** The first part of the draft that a vault would not do, or not as it looks; `undefined` if there is none. */
export function attributesFault(draft: AttributesDraft, before?: AttributesDraft): string | undefined {
  const [nbf, exp] = [secondsOf(draft.activation), secondsOf(draft.expiry)];
  if (nbf !== undefined && exp !== undefined && exp <= nbf) return 'It would expire before it is active.';
  const taken = (field: 'activation' | 'expiry') => before !== undefined && before[field] !== '' && draft[field] === '';
  if (taken('activation') || taken('expiry'))
    return 'A date can be changed and not taken away: a new version can be without it.';
  const names = draft.tags.map(({ name }) => name).filter((name) => name !== '');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  return twice === undefined ? undefined : `The tag ${twice} is there twice.`;
}

/** `2026-11-26T09:30`, in the time of the browser, for seconds since 1970. */
export function fieldOf(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  const date = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function secondsOf(field: string): number | undefined {
  const ms = field === '' ? Number.NaN : new Date(field).getTime();
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
