import {
  backupOf,
  wrongAttributes,
  wrongBackups,
  wrongBodies,
  wrongNames,
  wrongPages,
  wrongTags,
  wrongTimes,
} from './row.ts';
import type { Row, Wrong } from './row.ts';

/** The requests that prepare the vault for the rows, as the administrator, in order. */
export const secretSetUp: readonly Row['request'][] = [
  ...['there', 'doomed', 'deleted-1', 'deleted-2'].map((name) => ['PUT', `/secrets/${name}`, { value: 'v' }] as const),
  ...['deleted-1', 'deleted-2'].map((name) => ['DELETE', `/secrets/${name}`] as const),
];

/** The same for another vault of the subscription, from which the backups come. */
export const secretSetUpElsewhere: readonly Row['request'][] = [['PUT', '/secrets/moved', { value: 'v' }]];

/** The state that a refused request must not change. */
export const secretLists: readonly string[] = ['/secrets', '/deletedsecrets', '/secrets/there/versions'];

const most = 25 * 1024;

/** Invalid members of a secret, except its value. */
const wrongFacts = (right: object): readonly Wrong[] => [
  ...wrongTags(right),
  ...wrongAttributes(right),
  wrongTimes(right),
  { body: { ...right, contentType: 1 }, message: 'contentType must be a string.' },
  {
    body: { ...right, contentType: 'c'.repeat(256) },
    message: 'contentType has 256 characters; at most 255 are allowed.',
  },
  { body: { ...right, kid: 'k' }, message: "The member 'kid' is not supported here." },
];

export const secretRows: Readonly<Record<string, Row>> = {
  SecretSet: {
    request: ['PUT', '/secrets/new', { value: 'v' }],
    wrong: [
      ...wrongNames((name) => `/secrets/${name}`),
      ...wrongBodies,
      ...wrongFacts({ value: 'v' }),
      { body: {}, message: 'The member value is missing.' },
      { body: { value: null }, message: 'The member value is missing.' },
      { body: { value: 1 }, message: 'value must be a string.' },
      {
        body: { value: 'x'.repeat(most + 1) },
        message: `The secret's value has ${most + 1} bytes; at most ${most} are allowed.`,
      },
    ],
  },
  SecretGet: {
    request: ['GET', '/secrets/there'],
    wrong: [
      ...wrongNames((name) => `/secrets/${name}`),
      {
        path: '/secrets/there?outContentType=application/x-pem-file',
        message:
          'outContentType converts the secret of a certificate, and this is not the secret of a certificate: leave it out.',
      },
      {
        path: '/secrets/there?outContentType=text/plain',
        message: "outContentType is 'text/plain'; it may be application/x-pem-file or application/x-pkcs12.",
      },
    ],
  },
  SecretUpdate: {
    request: ['PATCH', '/secrets/there', { tags: {} }],
    wrong: [
      ...wrongNames((name) => `/secrets/${name}`),
      ...wrongBodies,
      ...wrongFacts({}),
      {
        body: { value: 'other' },
        message: 'An update cannot change the value; set the secret to add a version with another one.',
      },
    ],
  },
  SecretDelete: {
    request: ['DELETE', '/secrets/doomed'],
    wrong: [...wrongNames((name) => `/secrets/${name}`)],
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
    wrong: [...wrongNames((name) => `/secrets/${name}/versions`), ...wrongPages('/secrets/there/versions')],
  },
  SecretListDeleted: { request: ['GET', '/deletedsecrets'], wrong: wrongPages('/deletedsecrets') },
  SecretGetDeleted: {
    request: ['GET', '/deletedsecrets/deleted-1'],
    wrong: [...wrongNames((name) => `/deletedsecrets/${name}`)],
  },
  SecretRecover: {
    request: ['POST', '/deletedsecrets/deleted-1/recover'],
    wrong: [...wrongNames((name) => `/deletedsecrets/${name}/recover`)],
  },
  SecretPurge: {
    request: ['DELETE', '/deletedsecrets/deleted-2'],
    status: 204,
    wrong: [...wrongNames((name) => `/deletedsecrets/${name}`)],
  },
  SecretBackup: {
    request: ['POST', '/secrets/there/backup'],
    wrong: [...wrongNames((name) => `/secrets/${name}/backup`)],
  },
  SecretRestore: { request: ['POST', '/secrets/restore', backupOf('secrets')], wrong: wrongBackups },
};
