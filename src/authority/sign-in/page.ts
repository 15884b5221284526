import { createHash } from 'node:crypto';
import type { Answer } from '../../http/answer.ts';
import { errors, errorMessage } from '../errors.ts';
import type { AuthorityRefusal } from '../refusal.ts';

const style = [
  'body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f3f4f6;color:#1f2937}',
  'main{max-width:24rem;margin:12vh auto;padding:2rem;background:#fff;border:1px solid #d1d5db;border-radius:6px}',
  'h1{font-size:1.4rem;margin:0 0 1rem}',
  'label{display:block;margin:.8rem 0 .2rem}',
  'input{box-sizing:border-box;width:100%;padding:.5rem;font:inherit;border:1px solid #6b7280;border-radius:4px}',
  'button{margin-top:1.2rem;padding:.5rem 1.4rem;font:inherit;border:0;border-radius:4px;background:#1d4ed8;color:#fff}',
  '.error{color:#b91c1c}',
].join('');

const styleHash = createHash('sha256').update(style).digest('base64');

/** Escapes a string for HTML, between tags and inside an attribute. */
function escape(value: string): string {
  return value.replaceAll(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
}

export interface Page {
  readonly status?: number;
  readonly title: string;
  /** HTML. Values from outside are escaped. */
  readonly body: string;
  /** Where its forms may be sent, besides this server: the origin of a redirect URI, which browsers also check. */
  readonly formAction?: string | undefined;
  readonly cookie?: string | undefined;
}

/** A page without scripts that cannot be framed and loads nothing. */
function page({ status = 200, title, body, formAction, cookie }: Page): Answer {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${styleHash}'`,
    `form-action 'self'${formAction === undefined ? '' : ` ${formAction}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
  const html = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${escape(title)}</title><style>${style}</style></head>`,
    `<body><main><h1>${escape(title)}</h1>${body}</main></body></html>`,
  ].join('');
  return {
    status,
    body: html,
    headers: {
      'content-security-policy': policy,
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      ...(cookie !== undefined && { 'set-cookie': cookie }),
    },
  };
}

export interface SignInForm {
  /** The path that the form is sent to. */
  readonly action: string;
  /** The sealed state of the page. */
  readonly state: string;
  readonly clientName: string;
  /** Whether the sign-in is for another device. */
  readonly device: boolean;
  readonly username?: string | undefined;
  /** The error of the last attempt. */
  readonly error?: string | undefined;
  readonly formAction?: string | undefined;
  readonly cookie?: string | undefined;
  readonly status?: number;
}

export function signInPage(form: SignInForm): Answer {
  const { action, state, clientName, device, username = '', error, ...rest } = form;
  const why = device
    ? `You are signing in to <b>${escape(clientName)}</b> on another device. Continue only if you started this yourself.`
    : `to continue to <b>${escape(clientName)}</b>`;
  const body = [
    `<p>${why}</p>`,
    errorLine(error),
    `<form method="post" action="${escape(action)}">`,
    hidden('state', state),
    '<label for="login">User name</label>',
    `<input id="login" name="login" type="text" autocomplete="username" required value="${escape(username)}">`,
    '<label for="passwd">Password</label>',
    '<input id="passwd" name="passwd" type="password" autocomplete="current-password" required>',
    '<button type="submit">Sign in</button></form>',
  ].join('');
  return page({ title: 'Sign in', body, ...rest });
}

export function userCodePage(form: {
  readonly action: string;
  readonly state: string;
  readonly error?: string;
  readonly cookie?: string | undefined;
}): Answer {
  const body = [
    errorLine(form.error),
    `<form method="post" action="${escape(form.action)}">`,
    hidden('state', form.state),
    '<label for="otc">The code that your device shows</label>',
    '<input id="otc" name="otc" type="text" autocomplete="off" maxlength="16" required>',
    '<button type="submit">Next</button></form>',
  ].join('');
  return page({ status: form.error === undefined ? 200 : 400, title: 'Enter code', body, cookie: form.cookie });
}

/** A page whose button sends parameters to a redirect URI by a form (OAuth 2.0 Form Post Response Mode). */
export function formPostPage(action: string, parameters: ReadonlyMap<string, string>, formAction: string): Answer {
  const fields = [...parameters].map(([name, value]) => hidden(name, value)).join('');
  const body = `<form method="post" action="${escape(action)}">${fields}<button type="submit">Continue</button></form>`;
  return page({ title: 'Signed in', body, formAction });
}

export function messagePage(
  title: string,
  message: string,
  { status = 200, cookie }: Pick<Page, 'status' | 'cookie'> = {},
): Answer {
  return page({ status, title, body: `<p>${escape(message)}</p>`, cookie });
}

export function refusalPage(refusal: AuthorityRefusal): Answer {
  return messagePage("Sorry, we can't sign you in", errorMessage(refusal), { status: errors[refusal.kind].status });
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`;
}

function errorLine(error: string | undefined): string {
  return error === undefined ? '' : `<p class="error" role="alert">${escape(error)}</p>`;
}
