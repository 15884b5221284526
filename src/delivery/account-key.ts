import { createHmac } from 'node:crypto';

export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
}

/** The headers of the string to sign, in its order; `content-length` stands for the body's. */
const signedHeaders = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'if-modified-since',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'range',
] as const;

/**
 * The `Authorization` of a request by the account's key (Microsoft, "Authorize with Shared Key", version 2015-02-21 and
 * later). `key`: base64, as the portal shows it.
 */
export function sharedKeyAuthorization(request: SignedRequest, account: string, key: string): string {
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(stringToSign(request, account), 'utf8');
  return `SharedKey ${account}:${signature.digest('base64')}`;
}

function stringToSign({ method, url, headers, bodyBytes }: SignedRequest, account: string): string {
  const given: Readonly<Record<string, string>> = {
    ...headers,
    // An empty body's length is left out since version 2015-02-21.
    'content-length': bodyBytes === 0 ? '' : String(bodyBytes),
  };
  const extra = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-ms-'))
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}`);
  const parameters = [...url.searchParams]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name.toLowerCase()}:${value}`);
  return [
    method,
    ...signedHeaders.map((name) => given[name] ?? ''),
    ...extra,
    [`/${account}${url.pathname}`, ...parameters].join('\n'),
  ].join('\n');
}
