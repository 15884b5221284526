import { createHash } from 'node:crypto';
import type { NameSet } from '../http/host.ts';
import { freshReply } from './reply.ts';
import type { Reply } from './reply.ts';

const style = [
  ':root{color-scheme:light dark}',
  'body{font:15px/1.6 system-ui,sans-serif;margin:0;color:light-dark(#1b2430,#e6e9ee);background:light-dark(#f5f6f8,#12161c)}',
  'main{box-sizing:border-box;max-width:40rem;margin:10vh auto;padding:1.5rem 2rem;border-radius:8px;',
  'border:1px solid light-dark(#d8dde5,#333b47);background:light-dark(#fff,#1a2029)}',
  'h1{font-size:1.35rem;margin:0 0 .75rem}',
  'h2{font-size:1rem;margin:1.5rem 0 .25rem}',
  'p{margin:.25rem 0}',
  'a{color:light-dark(#1d4ed8,#8ab0ff)}',
  'code{font:.93em ui-monospace,monospace;overflow-wrap:anywhere}',
].join('');

const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The page at `/`, for people who open the server's address in a browser. */
export function landingPage({ authority, vaultSuffix, cloud }: NameSet): Reply {
  const body = [
    '<p>A key vault with the interface of Azure Key Vault, and its network boundary.</p>',
    `<p><a href="/portal/">Open the portal</a> at <code>${cloud.portal}</code></p>`,
    '<h2>Where things are</h2>',
    `<p>Resource manager and sign-in: <code>${authority}</code></p>`,
    `<p>Vaults: <code>https://&lt;name&gt;${vaultSuffix}</code></p>`,
    '<h2>When the browser warns about the certificate</h2>',
    "<p>This server's certificates are signed by an authority of its own: <code>ca.pem</code> in its data folder.",
    '<code>postern trust install</code> lets this machine trust it, for these names only.</p>',
    '<h2>How to go on</h2>',
    '<p>The pages that come with the program: <code>docs/README.md</code>. The portal is in <code>docs/how-to/portal.md</code>.</p>',
  ].join('\n');
  return page('Postern', body, { headers: ['vary', 'accept'] });
}

/** The page in the place of a portal that is not there. `why` is a sentence. */
export function noPortalPage(why: string): Reply {
  const body = [
    `<p>${why}</p>`,
    '<p>In a checkout, <code>npm run build:portal</code> builds it; then start the server again.</p>',
    '<p>Everything else of this server works without it.</p>',
  ].join('\n');
  return page('There is no portal here', body, { status: 404 });
}

/** A page without a script that loads nothing. Its values are the server's own, never a client's. */
function page(
  title: string,
  body: string,
  { status = 200, headers = [] }: { readonly status?: number; readonly headers?: readonly string[] },
): Reply {
  const html = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${title}</title><style>${style}</style></head>`,
    `<body><main><h1>${title}</h1>\n${body}\n</main></body></html>\n`,
  ].join('');
  return freshReply('text/html; charset=utf-8', html, {
    status,
    headers: ['content-security-policy', policy, ...headers],
  });
}
