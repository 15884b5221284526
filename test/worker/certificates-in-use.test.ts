import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { certificatesInUse } from '../../src/worker/certificates-in-use.ts';
import { signed } from '../settings/operator-pair.ts';

test('each certificate that is shown has its names, its dates and the file that the operator must replace', async () => {
  const [server, fabric, operator] = await Promise.all(
    ['localhost', 'vault.azure.net', 'pg.example.org'].map((name) =>
      signed({ subject: name, dnsNames: [name, `*.${name}`], days: [-2, 30] }),
    ),
  );
  assert.ok(server && fabric && operator);
  const dates = ({ certificate }: { readonly certificate: string }) => {
    const { validFromDate, validToDate } = new X509Certificate(certificate);
    return { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
  };
  const gateway = { path: '/etc/gateway.pem', certificate: operator.certificate };
  // Only the first of a chain is the server's own.
  const chain = { path: '/etc/chain.pem', certificate: operator.certificate + server.certificate };
  const ours = [
    { of: 'server', certificate: server.certificate },
    { of: 'fabric', certificate: fabric.certificate },
  ] as const;
  const names = 'DNS:pg.example.org, DNS:*.pg.example.org';
  assert.deepEqual(certificatesInUse({ ours, gateway, operator: [chain] }), [
    { of: 'server', isRenewed: true, names: 'DNS:localhost, DNS:*.localhost', ...dates(server) },
    { of: 'fabric', isRenewed: true, names: 'DNS:vault.azure.net, DNS:*.vault.azure.net', ...dates(fabric) },
    { of: 'gateway', path: '/etc/gateway.pem', isRenewed: false, names, ...dates(operator) },
    { of: 'operator', path: '/etc/chain.pem', isRenewed: false, names, ...dates(operator) },
  ]);
  assert.deepEqual(certificatesInUse({ ours, gateway: undefined, operator: [] }).length, 2);
});
