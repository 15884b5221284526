/** One operation: how it is asked for, what must not be asked of it, and which permissions do not suffice. */
export interface Row {
  /** A body that is a function is made by requests to another vault of the subscription. */
  readonly request: readonly [method: string, path: string, body?: unknown];
  /** Of the one that is done. */
  readonly status?: number;
  readonly wrong: readonly Wrong[];
}

export interface Wrong {
  readonly path?: string;
  readonly body?: unknown;
  /** Of a 400 `BadParameter`. */
  readonly message: string;
}

const nameRule = 'A name has 1 to 127 letters, digits and hyphens.';
export const wrongName = (path: (name: string) => string): Wrong => ({
  path: path('under_score'),
  message: `The request URI contains an invalid name: under_score. ${nameRule}`,
});
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
    message: '$skiptoken is not one that this vault gave out; follow nextLink as it is.',
  })),
];
export const wrongBodies: readonly Wrong[] = [
  { body: '{"value":"v"', message: 'The request body is not valid JSON.' },
  { body: '["v"]', message: 'The request body must be a JSON object.' },
  { body: '"v"', message: 'The request body must be a JSON object.' },
  { body: undefined, message: 'The request body must be a JSON object.' },
];

/** The body of a restore: the backup of an object of the other vault. */
export function backupOf(collection: string, name = 'moved'): (elsewhere: Elsewhere) => Promise<unknown> {
  return (elsewhere) => elsewhere('POST', `/${collection}/${name}/backup`);
}

/** Asks something of the other vault and gives the answer's body. */
export type Elsewhere = (method: string, path: string, body?: unknown) => Promise<unknown>;

export function isMadeElsewhere(body: unknown): body is (elsewhere: Elsewhere) => Promise<unknown> {
  return typeof body === 'function';
}

export const wrongBackups: readonly Wrong[] = [
  ...wrongBodies,
  { body: {}, message: 'The member value is missing.' },
  { body: { value: 7 }, message: 'value must be a string.' },
  ...['', 'garbage', 'KVBvc3Rlcm5CYWNrdXBWMS4', `KVBvc3Rlcm5CYWNrdXBWMS4${'A'.repeat(200)}`].map((value) => ({
    body: { value },
    message: 'Backup blob contains invalid or corrupt version.',
  })),
];

function skipToken(content: unknown): string {
  return Buffer.from(JSON.stringify(content)).toString('base64');
}
