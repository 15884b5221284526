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

/** The reason in words, of an error of this machine. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The exporter of OpenTelemetry has these words for an answer that did not come, and for a collector that stayed busy. */
const exporterReasons: Readonly<Record<string, string>> = {
  'Request timed out': 'no answer in time',
  'Export failed with retryable status': 'busy all the time',
};

/**
 * Why there was no answer, as the system's code, such as ECONNREFUSED. No message is shown: that of `fetch` may hold the
 * whole address, with a password or a signature.
 */
export function noAnswerReason(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason was given';
  if (error.name === 'TimeoutError') return 'no answer in time';
  const codes = [error.cause, error].flatMap((one) =>
    one instanceof Error && 'code' in one && typeof one.code === 'string' ? [one.code] : [],
  );
  return codes.find((code) => /^[A-Z][A-Z\d_]{1,60}$/.test(code)) ?? exporterReasons[error.message] ?? error.name;
}

/** The milliseconds that a `Retry-After` header asks for (RFC 9110 section 10.2.3): seconds, or a date. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
