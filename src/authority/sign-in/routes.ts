import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { headersOf } from '../../http/answer.ts';
import type { Answer } from '../../http/answer.ts';
import { devicePath } from '../device-authorization.ts';
import { originOf } from '../failed-sign-in.ts';
import { parseForm } from '../form.ts';
import type { Form } from '../form.ts';
import { ourTrouble } from '../our-trouble.ts';
import { tenantOfToken } from '../tenant.ts';
import type { Authority } from '../world.ts';
import { readCookies } from './session.ts';
import { askForUserCode, authorize, refusalPage, signIn, signOut, takeUserCode } from './sign-in.ts';
import type { Browser } from './sign-in.ts';

interface TenantRoute {
  Params: { tenant: string };
}

const authorizePaths = { '/:tenant/oauth2/authorize': 'v1', '/:tenant/oauth2/v2.0/authorize': 'v2' } as const;
const logoutPaths = ['/:tenant/oauth2/logout', '/:tenant/oauth2/v2.0/logout'];

/** Puts the pages that people see on `edge`. */
export function signInRoutes(edge: FastifyInstance, authority: Authority): void {
  for (const [path, endpoint] of Object.entries(authorizePaths)) {
    // Above `info` Fastify logs no URL, in which a state stands that only the client may know.
    edge.get<TenantRoute>(path, { logLevel: 'warn' }, async (request, reply) => {
      return show(
        reply,
        await atTenant(request, (place) => authorize({ ...place, endpoint }, browserOf(request, authority), authority)),
      );
    });
  }
  edge.post<TenantRoute>('/:tenant/login', async (request, reply) => {
    return show(
      reply,
      await withForm(bodyOf(request), (form) => signIn(form, browserOf(request, authority), authority)).catch(
        (error: unknown) => refusalPage(ourTrouble(error, originOf(request, authority), authority)),
      ),
    );
  });
  edge.get(devicePath, async (request, reply) => show(reply, askForUserCode(browserOf(request, authority), authority)));
  edge.post(devicePath, async (request, reply) => {
    return show(
      reply,
      await withForm(bodyOf(request), (form) => takeUserCode(form, browserOf(request, authority), authority)),
    );
  });
  for (const path of logoutPaths) {
    edge.get<TenantRoute>(path, async (request, reply) => {
      const leave = (place: Place) => signOut({ ...place, tenant: place.tenant ?? authority.homeTenant }, authority);
      return show(reply, await atTenant(request, leave));
    });
  }

  interface Place {
    readonly tenant: string | undefined;
    readonly origin: string;
    readonly form: Form;
  }

  /** The tenant of the path and the parameters of the query. */
  async function atTenant(
    request: FastifyRequest<TenantRoute>,
    answer: (place: Place) => Promise<Answer>,
  ): Promise<Answer> {
    const origin = authority.authorityOf(request);
    if (origin === undefined) return refusalPage({ kind: 'hostUnknown' });
    const named = tenantOfToken(request.params.tenant, authority.tenants);
    if (!named.ok) return refusalPage(named.refusal);
    const query = request.url.includes('?') ? request.url.slice(request.url.indexOf('?') + 1) : '';
    return withForm(query, (form) => answer({ tenant: named.tenant, origin, form }));
  }
}

async function withForm(text: string, answer: (form: Form) => Promise<Answer>): Promise<Answer> {
  const parsed = parseForm(text);
  return parsed.ok ? answer(parsed.form) : refusalPage(parsed.refusal);
}

function bodyOf({ body }: FastifyRequest): string {
  return typeof body === 'string' ? body : '';
}

function browserOf(request: FastifyRequest, authority: Authority): Browser {
  const { headers } = request;
  const site = headers['sec-fetch-site'];
  return {
    cookies: readCookies(headers.cookie),
    crossSite: site !== undefined && site !== 'same-origin',
    origin: originOf(request, authority),
  };
}

function show(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(answer.status).headers(headersOf(answer)).send(answer.body);
}
