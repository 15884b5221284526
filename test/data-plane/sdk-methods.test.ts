import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

/** The clients, the declarations that have their public methods, and the programs that drive them. */
const clients = [
  { client: 'SecretClient', declared: 'keyvault-secrets/dist/esm/index.d.ts', program: 'life-cycle.ts', atLeast: 12 },
  { client: 'KeyClient', declared: 'keyvault-keys/dist/esm/index.d.ts', program: 'keys.ts', atLeast: 22 },
  {
    client: 'CryptographyClient',
    declared: 'keyvault-keys/dist/esm/cryptographyClient.d.ts',
    program: 'keys.ts',
    atLeast: 8,
  },
  {
    client: 'CertificateClient',
    declared: 'keyvault-certificates/dist/esm/index.d.ts',
    program: 'certificates.ts',
    atLeast: 24,
  },
];

suite('the programs that drive the official clients have a step for every public method', () => {
  for (const { client, declared, program, atLeast } of clients) {
    test(client, () => {
      const declaration = readFileSync(new URL(`../../node_modules/@azure/${declared}`, import.meta.url), 'utf8');
      const steps = readFileSync(new URL(`sdk/${program}`, import.meta.url), 'utf8');
      const methods = publicMethods(declaration, client);
      assert.ok(methods.size >= atLeast, `only ${[...methods].join(', ')} were found`);
      const without = [...methods].filter((method) => !steps.includes(`.${method}(`));
      assert.deepEqual(without, []);
    });
  }
});

function publicMethods(declaration: string, client: string): ReadonlySet<string> {
  const [, body = ''] = new RegExp(`^export declare class ${client} \\{\\n(.*?)^\\}`, 'ms').exec(declaration) ?? [];
  const members = body.replaceAll(/\/\*\*.*?\*\//gs, '').matchAll(/^ {4}(\w+)(?:<.*?>)?\(/gm);
  return new Set([...members].map(([, name = '']) => name).filter((name) => name !== 'constructor'));
}
