import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import type { Exchange } from './watch.ts';
import { Watch } from './watch.ts';

/** How long a page may take for what is waited for: far more than it needs, because the machine may be busy. */
const patienceMs = 30_000;

/** Of the DOM's `Element`. */
interface Box {
  readonly scrollWidth: number;
  readonly clientWidth: number;
}

/** A page, its context and the watch on them. */
export class Tab {
  readonly page: Page;
  readonly #watch: Watch;

  private constructor(page: Page, watch: Watch) {
    this.page = page;
    this.#watch = watch;
  }

  static async in(context: BrowserContext): Promise<Tab> {
    context.setDefaultTimeout(patienceMs);
    const watch = await Watch.of(context);
    return new Tab(await context.newPage(), watch);
  }

  /** Another page of the same context: it shares cookies, address and watch. */
  async another(): Promise<Tab> {
    return new Tab(await this.page.context().newPage(), this.#watch);
  }

  /** Every request of the context so far. */
  get exchanges(): readonly Exchange[] {
    return this.#watch.exchanges;
  }

  /** The requests whose "METHOD URL" matches. */
  requestsTo(pattern: RegExp): readonly Exchange[] {
    return this.exchanges.filter(({ method, url }) => pattern.test(`${method} ${url}`));
  }

  /** Console errors, violations of the policy, uncaught errors and failed requests. */
  get faults(): readonly string[] {
    return this.#watch.faults;
  }

  /** Declares faults that the test is about: others, and none of these, fail it. */
  expectFault(fault: RegExp): void {
    this.#watch.expect(fault);
  }

  /** By how many pixels the page is wider than its window: more than none makes one scroll sideways. */
  async excessWidthPx(): Promise<number> {
    return this.page.locator(':root').evaluate((root: Box) => root.scrollWidth - root.clientWidth);
  }

  /** Waits until the page shows these words or this element. */
  async sees(what: string | RegExp | Locator): Promise<void> {
    const locator = typeof what === 'string' || what instanceof RegExp ? this.page.getByText(what) : what;
    await this.#orSay(`the page shows ${String(locator)}`, () => locator.first().waitFor({ state: 'visible' }));
  }

  /** Waits until the page shows it no longer. */
  async losesSight(what: string | Locator): Promise<void> {
    const locator = typeof what === 'string' ? this.page.getByText(what) : what;
    await this.#orSay(`the page hides ${String(locator)}`, () => locator.first().waitFor({ state: 'hidden' }));
  }

  /** Waits until `check` neither throws nor returns `false`; the last thing that it threw is in the failure. */
  async until(what: string, check: () => unknown): Promise<void> {
    const end = performance.now() + patienceMs;
    await this.#orSay(what, async () => {
      for (;;) {
        try {
          if ((await check()) !== false) return;
          if (performance.now() > end) throw new Error('it never was');
        } catch (error) {
          if (performance.now() > end) throw error;
        }
        await sleep(20);
      }
    });
  }

  /**
   * Describes the page for the reader of a failed test: its address, a screenshot in a file, its words, its faults and
   * its last requests.
   */
  async describe(): Promise<string> {
    const file = join(await mkdtemp(join(tmpdir(), 'postern-page-')), 'page.png');
    const shot = await this.page.screenshot({ path: file, fullPage: true, timeout: 5000 }).then(
      () => file,
      (error: unknown) => `none (${String(error).split('\n')[0] ?? ''})`,
    );
    const text = await this.page
      .locator('body')
      .innerText({ timeout: 5000 })
      .catch(() => '');
    const last = this.exchanges.slice(-10);
    return [
      `the page is ${this.page.url()}; screenshot: ${shot}`,
      `its text: ${JSON.stringify(text.slice(0, 2000))}`,
      ...this.faults.map((fault) => `  ${fault}`),
      ...last.map(({ method, url, status }) => `  ${method} ${url}: ${status ?? 'no answer'}`),
    ].join('\n');
  }

  /** Each fault that was not expected, and each expectation that no fault met. */
  async complaints(): Promise<readonly string[]> {
    // A page reports in the order of events: whatever it did before this answer has been told.
    for (const page of this.page.context().pages()) await page.title();
    return this.#watch.complaints();
  }

  /** Fails for every complaint, and says how the page looks. */
  async assertClean(): Promise<void> {
    const complaints = await this.complaints();
    if (complaints.length > 0) assert.fail(`${complaints.join('\n')}\n${await this.describe()}`);
  }

  async #orSay(what: string, wait: () => Promise<void>): Promise<void> {
    try {
      await wait();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`waited in vain: ${what}: ${reason}\n${await this.describe()}`, { cause: error });
    }
  }
}
