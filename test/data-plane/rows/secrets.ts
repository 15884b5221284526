import { backupOf, wrongBackups, wrongBodies, wrongName, wrongPages } from './row.ts';
import type { Row } from './row.ts';

/** What the rows need in the vault: requests as the administrator, in order. */
export const secretSetUp: readonly Row['request'][] = [
  ...['there', 'doomed', 'deleted-1', 'deleted-2'].map((name) => ['PUT', `/secrets/${name}`, { value: 'v' }] as const),
  ...['deleted-1', 'deleted-2'].map((name) => ['DELETE', `/secrets/${name}`] as const),
];

/** The same, in another vault of the subscription: what is restored comes from there. */
export const secretSetUpElsewhere: readonly Row['request'][] = [['PUT', '/secrets/moved', { value: 'v' }]];

/** What a refused request must not change. */
export const secretLists: readonly string[] = ['/secrets', '/deletedsecrets', '/secrets/there/versions'];

export const secretRows: Readonly<Record<string, Row>> = {
  SecretSet: {
    request: ['PUT', '/secrets/new', { value: 'v' }],
    wrong: [
      wrongName((name) => `/secrets/${name}`),
      ...wrongBodies,
      { body: {}, message: 'The member value is missing.' },
    ],
  },
  SecretGet: {
    request: ['GET', '/secrets/there'],
    wrong: [
      wrongName((name) => `/secrets/${name}`),
      {
        path: '/secrets/there?outContentType=application/x-pem-file',
        message: 'outContentType converts the secret of a certificate, and this secret is none: leave it out.',
      },
    ],
  },
  SecretUpdate: {
    request: ['PATCH', '/secrets/there', { tags: {} }],
    wrong: [
      wrongName((name) => `/secrets/${name}`),
      ...wrongBodies,
      {
        body: { value: 'other' },
        message: 'An update cannot change the value; set the secret to add a version with another one.',
      },
    ],
  },
  SecretDelete: {
    request: ['DELETE', '/secrets/doomed'],
    wrong: [wrongName((name) => `/secrets/${name}`)],
  },
  SecretList: {
    request: ['GET', '/secrets'],
    wrong: [
      ...wrongPages('/secrets'),
      {
        path: '/secrets?maxresults=5&maxresults=5',
        message: "The query parameter 'maxresults' is given more than once.",
      },
    ],
  },
  SecretListVersions: {
    request: ['GET', '/secrets/there/versions'],
    wrong: [wrongName((name) => `/secrets/${name}/versions`), ...wrongPages('/secrets/there/versions')],
  },
  SecretListDeleted: { request: ['GET', '/deletedsecrets'], wrong: wrongPages('/deletedsecrets') },
  SecretGetDeleted: {
    request: ['GET', '/deletedsecrets/deleted-1'],
    wrong: [wrongName((name) => `/deletedsecrets/${name}`)],
  },
  SecretRecover: {
    request: ['POST', '/deletedsecrets/deleted-1/recover'],
    wrong: [wrongName((name) => `/deletedsecrets/${name}/recover`)],
  },
  SecretPurge: {
    request: ['DELETE', '/deletedsecrets/deleted-2'],
    status: 204,
    wrong: [wrongName((name) => `/deletedsecrets/${name}`)],
  },
  SecretBackup: {
    request: ['POST', '/secrets/there/backup'],
    wrong: [wrongName((name) => `/secrets/${name}/backup`)],
  },
  SecretRestore: { request: ['POST', '/secrets/restore', backupOf('secrets')], wrong: wrongBackups },
};
