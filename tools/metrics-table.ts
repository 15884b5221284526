import { families } from '../src/metrics/families.ts';
import { secondsBounds } from '../src/metrics/requests.ts';
import { markdownTable } from './markdown-table.ts';

/** The parts of `docs/reference/metrics.md`. */
export function metricsParts(): ReadonlyMap<string, string> {
  const rows = Object.entries(families).map(([name, { type, help, labels }]) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help.replace(/\.$/, ''),
  ]);
  return new Map([
    ['metrics', markdownTable(['metric', 'type', 'labels', 'meaning'], rows)],
    ['buckets', `${secondsBounds.join(', ')}\n`],
  ]);
}
