import { families } from './families.ts';
import type { FamilyName, Sample, Samples } from './families.ts';
import { secondsBounds } from './requests.ts';

/** The media type of the form below. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

/** Writes samples in Prometheus' plain format (Prometheus, "Exposition formats", version 0.0.4). */
export function exposition(samples: Samples): string {
  return Object.keys(families)
    .filter(isFamily)
    .map((name) => familyOf(name, samples[name]))
    .join('');
}

function isFamily(name: string): name is FamilyName {
  return Object.hasOwn(families, name);
}

type AnySample = Sample<Readonly<Record<string, string>>>;

function familyOf(name: FamilyName, samples: readonly AnySample[]): string {
  if (samples.length === 0) return '';
  const { type, help } = families[name];
  const head = `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${type}\n`;
  return head + samples.map((sample) => linesOf(name, sample)).join('');
}

function linesOf(name: FamilyName, { labels, value }: AnySample): string {
  const own = Object.entries(labels).map(([label, text]) => `${label}="${escapedLabel(text)}"`);
  if (typeof value === 'number') return line(name, own, value);
  const { cumulative, sum } = value;
  const buckets = cumulative.map((count, index) => {
    const bound = secondsBounds[index];
    return line(`${name}_bucket`, [...own, `le="${bound === undefined ? '+Inf' : bound}"`], count);
  });
  return [...buckets, line(`${name}_sum`, own, sum), line(`${name}_count`, own, cumulative.at(-1) ?? 0)].join('');
}

function line(name: string, labels: readonly string[], value: number): string {
  return `${name}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${valueOf(value)}\n`;
}

function valueOf(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}

function escapedHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapedLabel(text: string): string {
  return escapedHelp(text).replaceAll('"', '\\"');
}
