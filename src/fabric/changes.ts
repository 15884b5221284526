import { formatIpv4, formatRange } from '../address/address.ts';
import type { Plan, RouterPlan, SubnetPlan } from './plan.ts';

/** A line for each thing that one plan has and the other has not, in the words of the resource manager. */
export function changesBetween(before: Plan | undefined, after: Plan): readonly string[] {
  const olds = new Map((before?.routers ?? []).map((router) => [router.number, router]));
  const news = new Set(after.routers.map(({ number }) => number));
  const gone = [...olds.values()].filter(({ number }) => !news.has(number));
  const known = new Set(before?.problems);
  return [
    ...gone.map(({ name }) => `network ${name}: removed`),
    ...after.routers.flatMap((router) => changesOf(olds.get(router.number), router)),
    ...after.problems.filter((problem) => !known.has(problem)).map((problem) => `problem: ${problem}`),
  ];
}

function changesOf(before: RouterPlan | undefined, router: RouterPlan): readonly string[] {
  const olds = new Map((before?.subnets ?? []).map((subnet) => [subnet.incarnation, subnet]));
  const news = new Set(router.subnets.map(({ incarnation }) => incarnation));
  const place = (subnet: SubnetPlan): string => `subnet ${router.name}/${subnet.name}`;
  return [
    ...(before === undefined ? [`network ${router.name}: built (${router.spaces.map(formatRange).join(', ')})`] : []),
    ...[...olds.values()]
      .filter(({ incarnation }) => !news.has(incarnation))
      .map((subnet) => `${place(subnet)}: removed`),
    ...router.subnets.flatMap((subnet) => {
      const changes = subnetChanges(olds.get(subnet.incarnation), subnet);
      return changes.length === 0 ? [] : [`${place(subnet)}: ${changes.join(', ')}`];
    }),
    ...(isSame(before?.peers ?? [], router.peers) ? [] : [`network ${router.name}: peers changed`]),
  ];
}

function subnetChanges(before: SubnetPlan | undefined, subnet: SubnetPlan): readonly string[] {
  const outbound = subnet.outbound.map(formatIpv4).join(', ');
  const changes: readonly (readonly [keyof SubnetPlan, string])[] = [
    ['prefix', formatRange(subnet.prefix)],
    ['endpoint', `service endpoint ${subnet.endpoint ? 'on' : 'off'}`],
    ['outbound', outbound === '' ? 'no way to the internet' : `leaves as ${outbound}`],
    ['filter', subnet.filter === undefined ? 'no security group' : 'rules of its security group'],
    ['routes', subnet.routes === undefined ? 'no route table' : 'routes of its route table'],
  ];
  const isNew = before === undefined;
  const shown = changes.filter(([name]) => (isNew ? subnet[name] !== undefined : !isSame(before[name], subnet[name])));
  return shown.map(([, words]) => words);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
