import { createHash } from 'node:crypto';
import type { Answer } from '../../http/answer.ts';
import { errors, errorText } from '../errors.ts';
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

/** A string as a page shows it, whatever it contains: between tags and inside an attribute. */
function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`);
}

export interface Page {
  readonly status?: number;
  readonly title: string;
  /** HTML; what is not ours in it is escaped. */
  readonly body: string;
  /** Where its forms may lead, beside here: the origin of a redirect URI, which a browser holds a form to as well. */
  readonly formAction?: string | undefined;
  readonly cookie?: string | undefined;
}

/** A page without scripts that nobody may frame, and that loads nothing. */
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
  /** Path that the form is sent to. */
  readonly action: string;
  /** Sealed: what is signed in to. */
  readonly state: string;
  readonly clientName: string;
  /** Whether it is another device that waits. */
  readonly device: boolean;
  readonly username?: string | undefined;
  /** What was wrong with the last attempt. */
  readonly error?: string | undefined;
  readonly formAction?: string | undefined;
  readonly cookie?: string | undefined;
  readonly status?: number;
}

export function signInPage(form: SignInForm): Answer {
  const { action, state, clientName, device, username = '', error, ...rest } = form;
  const why = device
    ? `You are signing in to <b>${escape(clientName)}</b> on another device. Go on only if you began that yourself.`
    : `to go on to <b>${escape(clientName)}</b>`;
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

/** Sends parameters to a redirect URI by a form (OAuth 2.0 Form Post Response Mode), which a button sends. */
export function formPostPage(action: string, parameters: ReadonlyMap<string, string>, formAction: string): Answer {
  const fields = [...parameters].map(([name, value]) => hidden(name, value)).join('');
  const body = `<form method="post" action="${escape(action)}">${fields}<button type="submit">Continue</button></form>`;
  return page({ title: 'Signed in', body, formAction });
}

export function messagePage(
  title: string,
  text: string,
  { status = 200, cookie }: Pick<Page, 'status' | 'cookie'> = {},
): Answer {
  return page({ status, title, body: `<p>${escape(text)}</p>`, cookie });
}

export function refusalPage(refusal: AuthorityRefusal): Answer {
  return messagePage("Sorry, we can't sign you in", errorText(refusal), { status: errors[refusal.kind].status });
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`;
}

function errorLine(error: string | undefined): string {
  return error === undefined ? '' : `<p class="error" role="alert">${escape(error)}</p>`;
}
