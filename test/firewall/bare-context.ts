/**
 * Runs the firewall in a context that has only ECMAScript and prints the results as JSON. Started by `browser.test.ts`
 * in a process of its own, because `vm.SourceTextModule` is behind a flag.
 */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { createContext, SourceTextModule } from 'node:vm';

const context = createContext({ found: [] });
const modules = new Map<string, SourceTextModule>();

function load(url: string): SourceTextModule {
  const known = modules.get(url);
  if (known !== undefined) return known;
  const code = stripTypeScriptTypes(readFileSync(new URL(url), 'utf8'));
  const module = new SourceTextModule(code, { context, identifier: url });
  modules.set(url, module);
  return module;
}

const entry = new SourceTextModule(
  `import { parseAddress } from '../../src/address/address.ts';
   import { RuleArena } from '../../src/firewall/arena.ts';
   import { compileFirewall } from '../../src/firewall/compile.ts';
   import { decide } from '../../src/firewall/decide.ts';
   import { explain } from '../../src/firewall/explain.ts';
   import { ruleProfiles } from '../../src/firewall/profiles.ts';
   import { refusalMessage } from '../../src/firewall/refusal.ts';
   import { validateNetworkAcls } from '../../src/firewall/validate.ts';

   found.push([typeof Buffer, typeof process, typeof require].join(' '));
   const given = { defaultAction: 'deny', ipRules: [{ value: '203.0.113.0/24' }] };
   const { networkAcls } = validateNetworkAcls(given, ruleProfiles.documented);
   const settings = { publicNetworkAccess: 'Enabled', networkAcls };
   const firewall = compileFirewall(settings, new RuleArena());
   const operation = { name: 'SecretGet', permission: 'secrets/get' };
   for (const text of ['203.0.113.7', '203.0.114.0']) {
     const source = { kind: 'public', address: parseAddress(text) };
     const verdict = decide(firewall, source, undefined, operation);
     found.push(explain({ verdict, settings, source, caller: undefined, operation }));
   }
   found.push(refusalMessage(validateNetworkAcls({ bypass: 'x' }, ruleProfiles.documented).refusal));`,
  { context, identifier: import.meta.url },
);

await entry.link((specifier, { identifier }) => load(new URL(specifier, identifier).href));
await entry.evaluate();
process.stdout.write(JSON.stringify(context['found']));
