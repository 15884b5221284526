/** What an edge answers, before it becomes bytes. A body is JSON unless it is `undefined`, which sends none. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** RFC 9110 section 15.6.4. Without it clients try again at once; the trouble may be over in some seconds. */
const later = { 'retry-after': '5' };
const noHeaders = {};

/** The headers that an answer is sent with. */
export function headersOf({ status, headers = noHeaders }: Answer): Readonly<Record<string, string>> {
  return status === 503 ? { ...later, ...headers } : headers;
}
