import { useState } from 'preact/hooks';
import type { DescribedDifference, DescribedRange, DescribedSubnet } from '../../insight/describe.ts';
import { counted } from '../ui/words.ts';
import { subnetInWords } from './draft-words.ts';
import type { Effect } from './effect.ts';

interface Line {
  readonly what: string;
  readonly about: string;
}

const linesMax = 40;

/** Lists the addresses that gain and that lose access, as the command line says it: the fewest ranges, each with the rule behind it. */
export function ChangeList({ effect: { described, isNone } }: { readonly effect: Effect }) {
  const [all, setAll] = useState(false);
  if (isNone) return null;
  const lines = [
    ...linesOf(described.gains).map((line) => ({ ...line, sign: '+' as const })),
    ...linesOf(described.losses).map((line) => ({ ...line, sign: '−' as const })),
  ];
  const shown = all ? lines : lines.slice(0, linesMax);
  return (
    <details open>
      <summary>As a list</summary>
      <ul class="change-list">
        {shown.map(({ sign, what, about }) => (
          <li key={`${sign}${what}${about}`}>
            <span class={sign === '+' ? 'good' : 'bad'} aria-hidden="true">
              {sign}
            </span>{' '}
            <span class="unseen">{sign === '+' ? 'gains:' : 'loses:'}</span> <span class="mono">{what}</span>{' '}
            <span class="detail">{about}</span>
          </li>
        ))}
      </ul>
      {shown.length < lines.length && (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            setAll(true);
          }}
        >
          Show {lines.length - shown.length} more
        </button>
      )}
    </details>
  );
}

function linesOf({
  ipv4,
  everyAddressExcept,
  ipv6,
  subnets,
  everySubnetExcept,
  services,
}: DescribedDifference): readonly Line[] {
  return [
    ...(everyAddressExcept === undefined
      ? []
      : [{ what: 'every IPv4 address', about: exceptOf(everyAddressExcept.map(rangeText)) }]),
    ...ipv4.map((range) => ({
      what: rangeText(range),
      about: `${counted(range.addresses, 'address', 'addresses')}${byRule(range)}`,
    })),
    ...(ipv6 ? [{ what: 'every IPv6 address', about: '' }] : []),
    ...(everySubnetExcept === undefined
      ? []
      : [{ what: 'every subnet', about: exceptOf(everySubnetExcept.map(subnetText)) }]),
    ...subnets.map((subnet) => ({ what: subnetText(subnet), about: `subnet${byRule(subnet)}` })),
    ...(services.length === 0
      ? []
      : [{ what: counted(services.length, 'trusted service'), about: 'each for its scenario, from everywhere' }]),
  ];
}

function rangeText({ range }: DescribedRange): string {
  return range;
}

function subnetText({ subnet }: DescribedSubnet): string {
  return subnetInWords(subnet);
}

function byRule({ rule }: { readonly rule?: string }): string {
  return rule === undefined ? '' : `, ${rule}`;
}

const exceptMax = 4;

function exceptOf(names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length - exceptMax;
  return `except ${names.slice(0, exceptMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
