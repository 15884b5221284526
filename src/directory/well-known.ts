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

/** The client as which this server's portal signs in. */
export const portalClientId = '88c0eb6d-e412-42aa-ae41-08f1fd05c3b5';

/** Microsoft's own applications, by the ids built into its clients, and this server's portal. */
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
    appId: portalClientId,
    displayName: 'Postern portal',
    redirectUris: { publicClient: [], web: [], spa: ['/portal/'] },
  },
];
