import { readdirSync, readFileSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Vitals } from '../metrics/vitals.ts';

type ProcessVitals = Pick<Vitals, 'disk' | 'descriptors' | 'eventLoop' | 'process'> & {
  readonly sizes: Pick<Vitals['store'], 'databaseBytes' | 'logBytes'>;
};

/** Each measures a quarter of the minute that the figures are about. */
const periodMs = 15_000;
const periodsKept = 4;
/** How often the event loop is looked at. */
const resolutionMs = 20;
const percentiles = ['50', '99', '100'] as const;

type Delays = Readonly<Record<(typeof percentiles)[number], number>>;

/** Measures this process. */
export class ProcessMeter {
  readonly #folder: string;
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout | undefined;
  /** The delays of the last periods, in seconds. */
  #periods: readonly Delays[] = [];

  /**
   * @param folder the data folder, as this process opens it
   * @param watchesLoop whether to measure the delays of the event loop, which takes a timer
   */
  constructor(folder: string, { watchesLoop }: { readonly watchesLoop: boolean }) {
    this.#folder = folder;
    if (!watchesLoop) return;
    this.#delay.enable();
    this.#timer = setInterval(() => {
      this.#periods = [...this.#periods.slice(1 - periodsKept), this.#takeDelays()];
      this.#delay.reset();
    }, periodMs).unref();
  }

  async read(): Promise<ProcessVitals> {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    return {
      disk: await this.#disk(),
      descriptors: descriptors(),
      eventLoop: { delays: this.#delays(), activeSeconds: performance.eventLoopUtilization().active / 1000 },
      process: { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, residentBytes: process.memoryUsage.rss() },
      sizes: { databaseBytes: this.#sizeOf('postern.db'), logBytes: this.#sizeOf('postern.db-wal') },
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  /** The greatest of the last minute: a request that was late is not less late because others were not. */
  #delays(): Delays {
    const all = [...this.#periods, this.#takeDelays()];
    return delaysBy((percentile) => Math.max(...all.map((period) => period[percentile])));
  }

  #takeDelays(): Delays {
    return delaysBy((percentile) => secondsLate(this.#delay.percentile(Number(percentile))));
  }

  async #disk(): Promise<Vitals['disk']> {
    try {
      const { bsize, bavail, blocks } = await statfs(this.#folder);
      return { freeBytes: bsize * bavail, totalBytes: bsize * blocks };
    } catch {
      return undefined;
    }
  }

  /** 0 with a store in memory. */
  #sizeOf(name: string): number {
    return statSync(join(this.#folder, name), { throwIfNoEntry: false })?.size ?? 0;
  }
}

function delaysBy(delay: (percentile: (typeof percentiles)[number]) => number): Delays {
  return { '50': delay('50'), '99': delay('99'), '100': delay('100') };
}

/** Node measures the whole interval between two looks of its timer. Before the first look there is nothing. */
function secondsLate(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000) : 0;
}

/** Linux alone says it without being asked by another program. */
function descriptors(): Vitals['descriptors'] {
  try {
    const limits = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? '';
    const most = limits === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limits);
    // Since Linux 6.2 the folder's size is the number of its entries.
    const counted = statSync('/proc/self/fd').size;
    return { open: counted > 0 ? counted : readdirSync('/proc/self/fd').length, most };
  } catch {
    return undefined;
  }
}
