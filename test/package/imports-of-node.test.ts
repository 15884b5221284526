import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutImportsOfNode } from '../../tools/imports-of-node.ts';

const of = (module: string) => `process.getBuiltinModule("${module}");`;

test("imports of Node's modules become constants, by name, as a whole and as the default", () => {
  for (const [code, expected] of [
    ['import { a, b as b$1 } from "node:http";', `const { a, b: b$1 } = ${of('node:http')}`],
    ['import * as fs from "fs";', `const fs = ${of('fs')}`],
    ['import tls from "node:tls";', `const tls = ${of('node:tls')}`],
    ['import { lookup } from "dns/promises";\nlookup();', `const { lookup } = ${of('dns/promises')}\nlookup();`],
  ] as const)
    assert.equal(withoutImportsOfNode(code), expected);
});

test('other imports, exports, and lines that only look like one remain', () => {
  for (const code of [
    'import { a } from "./cli.ask.js";',
    'import { a } from "pino";',
    'export { a } from "node:http";',
    'const text = `\n  import { a } from "node:http";\n`;',
    'const later = await import("node:http");',
  ])
    assert.equal(withoutImportsOfNode(code), code);
});
