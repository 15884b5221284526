import type { Samples } from './families.ts';

/** A request that is over. */
export interface EndedRequest {
  readonly edge: string;
  /** The name of a card; a request that no card answers has one name for all. */
  readonly operation: string;
  /** `undefined`: the client went away before its answer. */
  readonly status: number | undefined;
  readonly seconds: number;
  readonly verdict?: CountedVerdict | undefined;
}

/** The firewall's verdict, as far as it is counted. */
export interface CountedVerdict {
  readonly allowed: boolean;
  readonly because: string;
}

interface Series {
  readonly statuses: Map<number | undefined, number>;
  readonly durations: Histogram;
}

/**
 * Counts requests. It is asked for each, so it looks everything up by the words themselves: a string that joins the labels
 * would cost more than all else here.
 */
export class RequestCounts {
  readonly #edges = new Map<string, Map<string, Series>>();
  readonly #verdicts = { allowed: new Map<string, number>(), denied: new Map<string, number>() };

  add({ edge, operation, status, seconds, verdict }: EndedRequest): void {
    const { statuses, durations } = this.#seriesOf(edge, operation);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    durations.observe(seconds);
    if (verdict === undefined) return;
    const counts = verdict.allowed ? this.#verdicts.allowed : this.#verdicts.denied;
    counts.set(verdict.because, (counts.get(verdict.because) ?? 0) + 1);
  }

  #seriesOf(edge: string, operation: string): Series {
    let operations = this.#edges.get(edge);
    if (operations === undefined) this.#edges.set(edge, (operations = new Map<string, Series>()));
    let series = operations.get(operation);
    if (series === undefined) {
      series = { statuses: new Map(), durations: new Histogram() };
      operations.set(operation, series);
    }
    return series;
  }

  samples(): Pick<
    Samples,
    'postern_requests_total' | 'postern_request_duration_seconds' | 'postern_firewall_verdicts_total'
  > {
    const all = [...this.#edges].flatMap(([edge, operations]) =>
      [...operations].map(([operation, series]) => ({ labels: { edge, operation }, ...series })),
    );
    return {
      postern_requests_total: all.flatMap(({ labels, statuses }) =>
        [...statuses].map(([status, value]) => ({
          labels: { ...labels, status: status === undefined ? 'aborted' : String(status) },
          value,
        })),
      ),
      postern_request_duration_seconds: all.map(({ labels, durations: { cumulative, sum } }) => ({
        labels,
        value: { cumulative, sum },
      })),
      postern_firewall_verdicts_total: (['allowed', 'denied'] as const).flatMap((verdict) =>
        [...this.#verdicts[verdict]].map(([because, value]) => ({ labels: { verdict, because }, value })),
      ),
    };
  }
}

/**
 * The upper bounds of the buckets, in seconds. A read takes a fraction of a millisecond; an RSA key takes seconds, and so does
 * a request that waits for a change of networks.
 */
export const secondsBounds: readonly number[] = [
  0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Counts values by buckets. */
export class Histogram {
  readonly #counts: number[] = Array.from({ length: secondsBounds.length + 1 }, () => 0);
  #sum = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < secondsBounds.length && seconds > (secondsBounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += seconds;
  }

  get sum(): number {
    return this.#sum;
  }

  /** How many values there were up to each bound; the last number is that of all. */
  get cumulative(): readonly number[] {
    let total = 0;
    return this.#counts.map((count) => (total += count));
  }
}
