import type { BrowserContext, Request } from 'playwright-core';

/** A request that a page made. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  /** `undefined` until there is an answer, and where there was none. */
  readonly status: number | undefined;
}

/** A page's report of what its policy refused (CSP Level 3, `SecurityPolicyViolationEvent`). */
interface Violation {
  readonly effectiveDirective: string;
  readonly blockedURI: string;
  readonly sourceFile: string | null;
  readonly lineNumber: number;
}

const binding = 'posternReportsViolation';

/** Runs in each page before its own scripts, beyond the reach of its policy. */
const listen = `addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) =>
  window.${binding}({ effectiveDirective, blockedURI, sourceFile, lineNumber }), true);`;

/** Follows the pages of a context: their faults and their requests. */
export class Watch {
  readonly #exchanges = new Map<Request, { method: string; url: string; status: number | undefined }>();
  readonly #faults: string[] = [];
  readonly #expected: RegExp[] = [];

  static async of(context: BrowserContext): Promise<Watch> {
    const watch = new Watch();
    watch.#follow(context);
    await context.exposeBinding(binding, (_, violation: Violation) => watch.#add(describe(violation)));
    await context.addInitScript(listen);
    return watch;
  }

  /** Every request so far, in order; those that a redirect leads to are requests of their own. */
  get exchanges(): readonly Exchange[] {
    return [...this.#exchanges.values()];
  }

  /** Console errors, violations of the policy, uncaught errors and failed requests, in order, expected or not. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** Declares faults that a test is about: at least one must come, in the whole of the test. */
  expect(fault: RegExp): void {
    this.#expected.push(fault);
  }

  /** Each fault that is not expected, and each expectation that no fault met. */
  complaints(): readonly string[] {
    const missed = this.#expected.filter((pattern) => !this.#faults.some((fault) => pattern.test(fault)));
    return [
      ...this.#faults.filter((fault) => !this.#expected.some((pattern) => pattern.test(fault))),
      ...missed.map((pattern) => `nothing was found that the test expects: ${String(pattern)}`),
    ];
  }

  #add(fault: string): void {
    this.#faults.push(fault);
  }

  #follow(context: BrowserContext): void {
    context.on('request', (request) => {
      this.#exchanges.set(request, { method: request.method(), url: request.url(), status: undefined });
    });
    context.on('response', (response) => {
      const exchange = this.#exchanges.get(response.request());
      if (exchange !== undefined) exchange.status = response.status();
    });
    context.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText ?? 'no reason';
      // A page gives up what it asked for when it shows something else: that is its right.
      if (reason === 'net::ERR_ABORTED') return;
      this.#add(`request failed: ${request.method()} ${request.url()}: ${reason}`);
    });
    context.on('console', (message) => {
      if (message.type() === 'error') this.#add(`console error: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => this.#add(`page error: ${error.error().stack ?? String(error.error())}`));
  }
}

function describe({ effectiveDirective, blockedURI, sourceFile, lineNumber }: Violation): string {
  const place = sourceFile === null || sourceFile === '' ? '' : ` (${sourceFile}:${lineNumber})`;
  return `CSP violation: ${effectiveDirective} forbids ${blockedURI}${place}`;
}
