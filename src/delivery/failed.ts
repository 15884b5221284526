/** A sink did not take records. They stay in the log, and are tried again. */
export class DeliveryFailed extends Error {
  override readonly name = 'DeliveryFailed';
  /** How long the sink asked to be left alone. */
  readonly waitMs: number | undefined;

  /** `message`: what was found, and what to do; never a key, a signature or a header's value. */
  constructor(message: string, waitMs?: number) {
    super(message);
    this.waitMs = waitMs;
  }
}

/** The reason in words. The message of `fetch` alone is "fetch failed"; its cause has the system's. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return cause.message === '' ? codeOf(cause) : cause.message;
  return error.name === 'TimeoutError' ? 'no answer in time' : error.message;
}

/** An attempt on several addresses fails with an error that has a code and no message. */
function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** The milliseconds that a `Retry-After` header asks for (RFC 9110 section 10.2.3): seconds, or a date. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
