import type { Outcome } from './asking.ts';

/** The results of a load. */
export class Findings {
  readonly faults: string[] = [];
  /** The ids of acknowledged changes, each of which has one record. */
  readonly requestIds: string[] = [];
  /** The messages of refusals for a time. */
  readonly refusals = new Set<string>();
  readonly counts = { writes: 0, reads: 0, refused: 0, unknown: 0 };

  /** Counts an outcome. A refusal that is not for a time is a fault. */
  note(what: string, outcome: Outcome, as: 'writes' | 'reads'): void {
    if (outcome.kind === 'unknown') {
      this.counts.unknown += 1;
      return;
    }
    const { kind, answer } = outcome;
    this.counts[kind === 'done' ? as : 'refused'] += 1;
    // A record has the id that the client gave its request, if it gave one.
    const id = answer.headers['x-ms-client-request-id'] ?? answer.headers['x-ms-request-id'];
    if (kind === 'done' && as === 'writes') this.requestIds.push(String(id));
    if (kind === 'refused' && answer.status === 503) this.refusals.add(String(answer.body['error']?.['message']));
    if (kind === 'refused' && answer.status !== 503)
      this.faults.push(`${what}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}
