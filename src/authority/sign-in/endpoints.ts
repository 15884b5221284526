import type { Answer } from '../../http/answer.ts';
import { devicePath } from '../device-authorization.ts';
import type { AuthorityCall, Endpoint } from '../endpoint.ts';
import type { Authority } from '../services.ts';
import { readCookies } from './session.ts';
import { askForUserCode, authorize, signIn, signOut, submitUserCode } from './sign-in.ts';
import type { Browser } from './sign-in.ts';

const shown = { method: 'GET', shows: 'page', reads: 'query', inTenant: true } as const;
const sent = { method: 'POST', shows: 'page', reads: 'form', inTenant: false } as const;

/** The endpoints with pages for people. */
export const signInEndpoints: readonly Endpoint[] = [
  authorizeEndpoint('/:tenant/oauth2/authorize', 'v1'),
  authorizeEndpoint('/:tenant/oauth2/v2.0/authorize', 'v2'),
  { ...sent, path: '/:tenant/login', answer: (call, authority) => signIn(call.form, browserOf(call), authority) },
  {
    ...shown,
    path: devicePath,
    reads: 'nothing',
    inTenant: false,
    answer: (call, authority) => answered(askForUserCode(browserOf(call), authority)),
  },
  {
    ...sent,
    path: devicePath,
    answer: async (call, authority) => answered(await submitUserCode(call.form, browserOf(call), authority)),
  },
  logoutEndpoint('/:tenant/oauth2/logout'),
  logoutEndpoint('/:tenant/oauth2/v2.0/logout'),
];

function authorizeEndpoint(path: string, endpoint: 'v1' | 'v2'): Endpoint {
  return {
    ...shown,
    path,
    async answer(call, authority) {
      const { tenant, origin, names, form } = call;
      return answered(await authorize({ endpoint, tenant, origin, names, form }, browserOf(call), authority));
    },
  };
}

function logoutEndpoint(path: string): Endpoint {
  return {
    ...shown,
    path,
    answer(call: AuthorityCall, authority: Authority) {
      const { tenant = authority.homeTenant, origin, form } = call;
      return signOut({ form, tenant, origin }, browserOf(call), authority);
    },
  };
}

function answered(answer: Answer) {
  return { answer } as const;
}

function browserOf({ headers, site }: AuthorityCall): Browser {
  const fetchSite = headers['sec-fetch-site'];
  return {
    cookies: readCookies(headers.cookie),
    crossSite: fetchSite !== undefined && fetchSite !== 'same-origin',
    sentByPage: fetchSite === 'same-site' || fetchSite === 'cross-site',
    site,
  };
}
