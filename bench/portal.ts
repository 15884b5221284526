/**
 * The portal in Debian's Chromium beside a server in this process, each figure with its budget: the largest paint after a
 * silent sign-in, a key stroke and a click on the Networking page of a vault with 127 + 127 rules until the verdict is in the
 * document, the list of 10,000 vaults, and what reading the portal adds to a start. Needs `npm run build:portal`.
 */
import type { BrowserContext, Page } from 'playwright-core';
import { group, location, putNetwork, subnetId } from '../test/control-plane/resources.ts';
import { putVault } from '../test/data-plane/vaults.ts';
import { fillWithVaults } from '../test/portal/ten-thousand-vaults.ts';
import { openBrowser } from '../test/world/browser/browser.ts';
import { signIn } from '../test/world/browser/sign-in.ts';
import { Tab } from '../test/world/browser/tab.ts';
import { startServerWith } from '../test/world/server.ts';
import { readPortal } from '../src/site/portal-files.ts';
import { addressRules } from './rules.ts';

const rounds = Number(process.argv[2] ?? 9);

/** Runs before a page's own scripts: notes the largest paint, the first row of a table, and how long a verdict takes. */
const watching = `
  window.figures = { paintMs: 0, firstRowMs: 0, verdictsMs: [], cause: 0 };
  new PerformanceObserver((list) => { for (const { startTime } of list.getEntries()) figures.paintMs = startTime; })
    .observe({ type: 'largest-contentful-paint', buffered: true });
  for (const kind of ['input', 'click']) addEventListener(kind, () => { figures.cause = performance.now(); }, true);
  new MutationObserver(() => {
    if (figures.firstRowMs === 0 && document.querySelector('tbody th') !== null) figures.firstRowMs = performance.now();
    if (figures.cause === 0) return;
    figures.verdictsMs.push(performance.now() - figures.cause);
    figures.cause = 0;
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
`;

const sorted = (values: readonly number[]) => values.toSorted((one, other) => one - other);
const at = (values: readonly number[], share: number) =>
  sorted(values)[Math.floor(values.length * share)] ?? Number.NaN;
const ms = (values: readonly number[], share = 0.5) => `${at(values, share).toFixed(1)} ms`;

await using world = await startServerWith({ demo: true, portal: readPortal() });
const { client } = world;
await using browser = await openBrowser(client);
const context = await browser.contextFrom('127.0.0.7');
await context.addInitScript(watching);
await signInOnce(context);
const lines = [
  ...(await paints(context)),
  ...(await verdicts(context)),
  ...(await manyVaults(context)),
  ['processor time to read the portal at a start', '5 ms', ms(readings())],
];
console.log(`Chromium ${browser.version}, ${rounds} rounds.\n`);
console.log('| what | budget | measured |\n| --- | --- | --- |');
for (const cells of lines) console.log(`| ${cells.join(' | ')} |`);

async function signInOnce(signed: BrowserContext): Promise<void> {
  const tab = await Tab.in(signed);
  const { userPrincipalName: user = '', password = '' } = world.folder.portalUser ?? {};
  await tab.page.goto(`${client.home}/portal/`);
  await signIn(tab, { user, password });
  await tab.sees('2 vaults shown');
  await tab.page.close();
}

/** A page that is opened once more, and signs in by the session without a word. */
async function opened(signed: BrowserContext, path: string, shows: string): Promise<Page> {
  const page = await signed.newPage();
  await page.goto(`${client.home}/portal/${path}`);
  await page.getByText(shows).first().waitFor();
  return page;
}

function figure(page: Page, name: string): Promise<number> {
  return page.evaluate<number>(`figures.${name}`);
}

async function paints(signed: BrowserContext): Promise<readonly (readonly string[])[]> {
  const paintsMs: number[] = [];
  // The first one fills the browser's cache.
  for (let round = -1; round < rounds; round += 1) {
    const page = await opened(signed, '', '2 vaults shown');
    if (round >= 0) paintsMs.push(await figure(page, 'paintMs'));
    await page.close();
  }
  return [['largest paint of the first page, with a silent sign-in', '600 ms', ms(paintsMs)]];
}

async function verdicts(signed: BrowserContext): Promise<readonly (readonly string[])[]> {
  const subnets = Array.from({ length: 127 }, (_, index) => `s${index}`);
  await client.arm('PUT', group, { location });
  await putNetwork(client, 'vnet', subnets);
  const virtualNetworkRules = subnets.map((subnet) => ({ id: subnetId(client, 'vnet', subnet) }));
  await putVault(client, 'kv-full', { networkAcls: { ...addressRules, virtualNetworkRules } });
  const page = await opened(signed, 'vaults/rg/kv-full/networking', 'Who gets in');
  const taken = async (act: () => Promise<unknown>) => {
    await page.evaluate('figures.verdictsMs.length = 0');
    for (let round = 0; round < rounds; round += 1) await act();
    return page.evaluate<readonly number[]>('figures.verdictsMs');
  };
  const typed = (label: string) => async () => {
    await page.getByLabel(label).fill('');
    await page.getByLabel(label).pressSequentially('203.0.113.144', { delay: 20 });
  };
  const remove = page.getByRole('list', { name: 'IP rules' }).getByRole('button', { name: /^Remove/ });
  const nodes = await page.evaluate<number>('document.querySelectorAll("*").length');
  return [
    [
      'a key stroke in the field for a rule, 127 + 127 rules, p95',
      '50 ms',
      ms(await taken(typed('IPv4 address or CIDR')), 0.95),
    ],
    ['the same in "Would this address get in?"', '50 ms', ms(await taken(typed('Would this address get in?')), 0.95)],
    ['a rule is removed: difference, doors and map, p95', '', ms(await taken(() => remove.first().click()), 0.95)],
    ['elements of that page', '1,500', String(nodes)],
  ];
}

async function manyVaults(signed: BrowserContext): Promise<readonly (readonly string[])[]> {
  await fillWithVaults(world.folder.store);
  const rowsMs: number[] = [];
  const heaps: number[] = [];
  const nodes: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const page = await opened(signed, '', '10,003 vaults shown');
    const askedAtMs = await page.evaluate<number>(
      `performance.getEntriesByType('resource').find(({ name }) => /vaults\\?.*top=100$/.test(name)).startTime`,
    );
    rowsMs.push((await figure(page, 'firstRowMs')) - askedAtMs);
    nodes.push(await page.evaluate<number>('document.querySelectorAll("*").length'));
    const session = await signed.newCDPSession(page);
    await session.send('HeapProfiler.collectGarbage');
    heaps.push((await session.send('Runtime.getHeapUsage')).usedSize / 2 ** 20);
    await page.close();
  }
  return [
    ['10,000 vaults: from the request to the first rows', '400 ms', ms(rowsMs)],
    ['elements of the whole list', '1,500', String(at(nodes, 0.5))],
    ['heap with the whole list', '50 MiB', `${at(heaps, 0.5).toFixed(1)} MiB`],
  ];
}

function readings(): readonly number[] {
  return Array.from({ length: rounds }, () => {
    const before = process.cpuUsage();
    readPortal();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
}
