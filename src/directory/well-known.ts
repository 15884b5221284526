import type { RedirectUris } from './records.ts';

/** A client that every tenant has without registration. It cannot keep a secret, so it acts for users only. */
export interface WellKnownClient {
  readonly appId: string;
  readonly displayName: string;
  readonly redirectUris: RedirectUris;
}

const loopback: RedirectUris = {
  publicClient: ['http://localhost', 'http://127.0.0.1'],
  web: [],
  spa: [],
};

/** Microsoft's own applications, by the ids built into its clients, and this server's portal under Azure's id. */
export const wellKnownClients: readonly WellKnownClient[] = [
  {
    appId: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
    displayName: 'Microsoft Azure CLI',
    redirectUris: loopback,
  },
  {
    appId: '1950a258-227b-4e31-a9cf-717495945fc2',
    displayName: 'Microsoft Azure PowerShell',
    redirectUris: loopback,
  },
  {
    appId: 'c44b4083-3bb0-49c1-b47d-974e53cbdf3c',
    displayName: 'Azure Portal',
    redirectUris: { publicClient: [], web: [], spa: ['/portal/'] },
  },
];
