import { readFileSync } from 'node:fs';
import { request } from 'node:https';

/** Asks a vault for its secrets, and prints how that went: `allowed`, the code of the refusal, or `unreachable`. */
const [vault = '', caFile = ''] = process.argv.slice(2);
const token = readFileSync(0, 'utf8');
const host = `${vault}.vault.azure.net`;
const outgoing = request(
  {
    host: '192.0.2.10',
    servername: host,
    ca: readFileSync(caFile),
    path: '/secrets?api-version=7.4',
    headers: { host, authorization: `Bearer ${token}` },
    timeout: 3_000,
  },
  (incoming) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    incoming.on('end', () => {
      const inner = /"innererror":\{"code":"(\w+)"/.exec(body)?.[1];
      process.stdout.write(incoming.statusCode === 200 ? 'allowed' : (inner ?? `${incoming.statusCode} ${body}`));
    });
  },
);
outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
outgoing.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.stdout.write('unreachable');
});
outgoing.end();
