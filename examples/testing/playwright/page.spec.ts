import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test as base } from '@playwright/test';
import { startPostern } from 'postern';
import type { Postern } from 'postern';
import world from '../world.json' with { type: 'json' };

const test = base.extend<object, { postern: Postern; shop: string }>({
  postern: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the names of fixtures in the pattern
    async ({}, use) => {
      await using postern = await startPostern(world);
      await use(postern);
    },
    { scope: 'worker' },
  ],
  // Your own server, unmodified, as a process of its own: it asks DefaultAzureCredential for a token.
  shop: [
    async ({ postern }, use) => {
      const env = { ...postern.env, KEYVAULT_URL: postern.vaultUrl('app') };
      const server = spawn(process.execPath, [join(import.meta.dirname, 'shop.mjs')], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [address] = await once(server.stdout, 'data');
      await use(String(address).trim());
      server.kill();
    },
    { scope: 'worker' },
  ],
});

test('the page says so when the vault locks the shop out', async ({ page, shop, postern }) => {
  await page.goto(shop);
  await expect(page.getByRole('status')).toHaveText(/^The shop is closed: Client address is not authorized/);
  const records = await postern.audit();
  expect(records.at(-1)).toMatchObject({ operationName: 'SecretGet', callerIpAddress: '203.0.113.1' });
});
