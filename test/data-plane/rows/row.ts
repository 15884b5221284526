/** One operation: a request that works, wrong requests, and permissions that do not suffice. */
export interface Row {
  /** A body that is a function is made by requests to another vault of the subscription. */
  readonly request: readonly [method: string, path: string, body?: unknown];
  /** Of the request that works. */
  readonly status?: number;
  readonly wrong: readonly Wrong[];
}

export interface Wrong {
  readonly path?: string;
  readonly body?: unknown;
  /** Of a 400 `BadParameter`. */
  readonly message: string;
  readonly inner?: string;
}

export const wrongNames = (path: (name: string) => string): readonly Wrong[] =>
  ['under_score', 'full.stop', 'n'.repeat(128)].map((name) => ({
    path: path(name),
    message: `The request URI contains an invalid name: ${name}`,
  }));
export const wrongPages = (path: string): readonly Wrong[] => [
  ...['0', '26', '-1', '1.5', '1e1', '', 'all'].map((found) => ({
    path: `${path}?maxresults=${found}`,
    message: `maxresults is '${found}'; it must be a whole number from 1 to 25.`,
  })),
  ...[
    '',
    'AAAA',
    skipToken({ NextMarker: '' }),
    skipToken({ NextMarker: 'ü' }),
    skipToken({ NextMarker: 7 }),
    skipToken(null),
  ].map((found) => ({
    path: `${path}?$skiptoken=${encodeURIComponent(found)}`,
    message: '$skiptoken did not come from this vault; follow nextLink unchanged.',
  })),
];
export const wrongBodies: readonly Wrong[] = [
  { body: '{"value":"v"', message: 'The request body is not valid JSON.' },
  { body: '["v"]', message: 'The request body must be a JSON object.' },
  { body: '"v"', message: 'The request body must be a JSON object.' },
  { body: undefined, message: 'The request body must be a JSON object.' },
];

/** Invalid tags, added to `right`, which has none. */
export const wrongTags = (right: object): readonly Wrong[] => {
  const many = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`t${n}`, '']));
  const tooLong = (name: string) => `The tag '${name}' is too long; name and value may have 512 characters each.`;
  return [
    { tags: { a: 1 }, message: 'tags must be an object of strings.' },
    { tags: ['a'], message: 'tags must be an object of strings.' },
    { tags: many, message: 'There are 16 tags; at most 15 are allowed.' },
    { tags: { ['n'.repeat(513)]: '' }, message: tooLong('n'.repeat(64)) },
    { tags: { t: 'v'.repeat(513) }, message: tooLong('t') },
  ].map(({ tags, message }) => ({ body: { ...right, tags }, message }));
};

/** Invalid attributes. */
export const wrongAttributes = (right: object): readonly Wrong[] =>
  [
    { attributes: [], message: 'attributes must be an object.' },
    { attributes: 'enabled', message: 'attributes must be an object.' },
    { attributes: { enabled: 'true' }, message: 'attributes.enabled must be true or false.' },
    { attributes: { enabled: 1 }, message: 'attributes.enabled must be true or false.' },
    { attributes: { nbf: 1.5 }, message: 'attributes.nbf must be a whole number of seconds since 1970.' },
    { attributes: { exp: '2030-01-01' }, message: 'attributes.exp must be a whole number of seconds since 1970.' },
    { attributes: { secret: true }, message: "The member 'attributes.secret' is not supported here." },
  ].map(({ attributes, message }) => ({ body: { ...right, attributes }, message }));

/** Times that are each valid alone. */
export const wrongTimes = (right: object): Wrong => ({
  body: { ...right, attributes: { nbf: 2, exp: 1 } },
  message: 'attributes.exp (1) is before attributes.nbf (2).',
});

/** The body of a restore: the backup of an object of the other vault. */
export function backupOf(collection: string, name = 'moved'): (elsewhere: Elsewhere) => Promise<unknown> {
  return (elsewhere) => elsewhere('POST', `/${collection}/${name}/backup`);
}

/** Sends a request to the other vault and returns the body of the answer. */
export type Elsewhere = (method: string, path: string, body?: unknown) => Promise<unknown>;

export function isMadeElsewhere(body: unknown): body is (elsewhere: Elsewhere) => Promise<unknown> {
  return typeof body === 'function';
}

export const wrongBackups: readonly Wrong[] = [
  ...wrongBodies,
  { body: {}, message: 'The member value is missing.' },
  { body: { value: 7 }, message: 'value must be a string.' },
  ...['', 'garbage'].map((value) => ({
    body: { value },
    message: 'Backup blob contains invalid or corrupt version.',
  })),
  ...['KVBvc3Rlcm5CYWNrdXBWMS4', `KVBvc3Rlcm5CYWNrdXBWMS4${'A'.repeat(200)}`].map((value) => ({
    body: { value },
    message: 'Cannot decrypt backup blob.',
  })),
];

function skipToken(content: unknown): string {
  return Buffer.from(JSON.stringify(content)).toString('base64');
}
