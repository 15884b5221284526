import { createHash } from 'node:crypto';
import type { Answer } from '../../http/answer.ts';
import { errors, errorMessage } from '../errors.ts';
import type { AuthorityRefusal } from '../refusal.ts';

/** By day and by night. Text has a contrast of 4.5:1 at least, the border of a field 3:1 (WCAG 2.2, 1.4.3 and 1.4.11). */
const colours = [
  ['ink', '#1b2430', '#e6eaf0'],
  ['quiet', '#566173', '#a3afbf'],
  ['ground', '#f5f6f8', '#11161d'],
  ['card', '#fff', '#1a212b'],
  ['line', '#d8dde5', '#2f3947'],
  ['field', '#76808f', '#7d899a'],
  ['accent', '#1d4ed8', '#8ab0ff'],
  ['on-accent', '#fff', '#0b1220'],
  ['error', '#b91c1c', '#ff9b93'],
]
  .map(([name, light, dark]) => `--${name}:light-dark(${light},${dark});`)
  .join('');

const style = [
  `:root{color-scheme:light dark;${colours}}`,
  '*{box-sizing:border-box}',
  'body{font:.9375rem/1.5 system-ui,sans-serif;margin:0;padding:clamp(1.5rem,12vh,7rem) 1rem 1.5rem;',
  'background:var(--ground);color:var(--ink);overflow-wrap:anywhere}',
  'header,main{max-width:24rem;margin:0 auto}',
  'header{margin-bottom:.75rem;color:var(--quiet);font-weight:600}',
  'main{padding:1.75rem;background:var(--card);border:1px solid var(--line);border-radius:8px}',
  'h1{font-size:1.375rem;line-height:1.3;font-weight:600;margin:0 0 .5rem}',
  'p{margin:0}',
  'label{display:block;margin:1rem 0 .25rem;font-weight:600}',
  'input,button{width:100%;min-height:2.5rem;font:inherit;border-radius:6px}',
  'input{padding:.375rem .625rem;border:1px solid var(--field);background:var(--card);color:inherit}',
  // The border is seen where the system's colours replace these.
  'button{margin-top:1.5rem;border:1px solid transparent;background:var(--accent);color:var(--on-accent);font-weight:600;cursor:pointer}',
  ':focus-visible{outline:2px solid var(--accent);outline-offset:2px}',
  '.error{margin-top:1rem;padding:.5rem .75rem;border:1px solid;border-radius:6px;color:var(--error)}',
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
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>${escape(title)} · Postern</title><style>${style}</style></head>`,
    `<body><header>Postern</header><main><h1>${escape(title)}</h1>${body}</main></body></html>`,
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
    input({ id: 'login', type: 'text', autocomplete: 'username', value: username, focus: username === '' }, error),
    '<label for="passwd">Password</label>',
    input({ id: 'passwd', type: 'password', autocomplete: 'current-password', focus: username !== '' }, error),
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
    input({ id: 'otc', type: 'text', autocomplete: 'off', maxLength: 16, focus: true }, form.error),
    '<button type="submit">Next</button></form>',
  ].join('');
  return page({ status: form.error === undefined ? 200 : 400, title: 'Enter code', body, cookie: form.cookie });
}

/** A page whose button sends parameters to a redirect URI by a form (OAuth 2.0 Form Post Response Mode). */
export function formPostPage(action: string, parameters: ReadonlyMap<string, string>, formAction: string): Answer {
  const fields = [...parameters].map(([name, value]) => hidden(name, value)).join('');
  const form = `<form method="post" action="${escape(action)}">${fields}<button type="submit">Continue</button></form>`;
  const body = `<p>To go back to <b>${escape(formAction)}</b>, choose Continue.</p>${form}`;
  return page({ title: 'Continue', body, formAction });
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
  return error === undefined ? '' : `<p id="error" class="error" role="alert">${escape(error)}</p>`;
}

interface Field {
  /** Also the name that it is sent under. */
  readonly id: string;
  readonly type: 'text' | 'password';
  /** The kind of value that a browser may fill in (HTML, section 4.10.18.7). */
  readonly autocomplete: string;
  readonly value?: string;
  readonly maxLength?: number;
  /** Whether one types here first. */
  readonly focus: boolean;
}

/** A field that must be filled in, as it is written. A screen reader that comes to it reads the error as well. */
function input({ id, type, autocomplete, value, maxLength, focus }: Field, error: string | undefined): string {
  const attributes = [
    `id="${id}" name="${id}" type="${type}" autocomplete="${autocomplete}" autocapitalize="none" spellcheck="false" required`,
    ...(value === undefined ? [] : [`value="${escape(value)}"`]),
    ...(maxLength === undefined ? [] : [`maxlength="${maxLength}"`]),
    ...(focus ? ['autofocus'] : []),
    ...(error === undefined ? [] : ['aria-describedby="error"']),
  ];
  return `<input ${attributes.join(' ')}>`;
}
