import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { ruleProfiles } from '../src/firewall/profiles.ts';
import type { Schema } from '../src/seed/described.ts';
import { seedOf } from '../src/seed/seed-file.ts';
import { markdownTable } from './markdown-table.ts';

const { schema } = seedOf(ruleProfiles.documented);

/** The published JSON Schema of a seed file. What the rule profile decides, such as the forms of addresses, is not in it. */
export async function seedSchema(): Promise<string> {
  const title = { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'A seed of Postern' };
  const options = await resolveConfig(fileURLToPath(import.meta.url));
  return format(JSON.stringify({ ...title, ...schema }, undefined, 2), { ...options, parser: 'json' });
}

const head = ['member', 'what it must be', 'without it', 'what it does'];

/** The tables of `docs/reference/seed.md`: one for each object of the file. */
export function seedParts(): ReadonlyMap<string, string> {
  const root = object(schema);
  const part = (...path: readonly string[]) => path.reduce((within, name) => below(within, name), root);
  return new Map(
    Object.entries({
      file: root,
      networks: part('networks'),
      subnets: part('networks', 'subnets'),
      identities: part('identities'),
      users: part('users'),
      vaults: part('vaults'),
      rules: part('vaults', 'rules'),
      access: part('vaults', 'access'),
      secrets: part('vaults', 'secrets'),
      keys: part('vaults', 'keys'),
    }).map(([name, described]) => [name, tableOf(described)]),
  );
}

/** The object that a member is, or that each of its members is. */
function below(within: Schema, name: string): Schema {
  const member = object(object(within['properties'])[name]);
  const each = object(member['additionalProperties']);
  return longForm('propertyNames' in member ? each : member);
}

/** Of a value that may be short, the object. */
function longForm(described: Schema): Schema {
  return choicesOf(described).find((choice) => choice['type'] === 'object') ?? described;
}

function choicesOf(described: Schema): readonly Schema[] {
  const { anyOf } = described;
  return Array.isArray(anyOf) ? anyOf.map(object).flatMap(choicesOf) : [described];
}

function tableOf(described: Schema): string {
  const { required } = described;
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  const rows = Object.entries(object(described['properties'])).map(([name, given]) => {
    const member = object(given);
    const without = 'default' in member ? `\`${JSON.stringify(member['default'])}\`` : 'nothing';
    return [`\`${name}\``, formOf(member), needed.includes(name) ? 'refused' : without, String(member['description'])];
  });
  return markdownTable(head, rows);
}

const forms: Readonly<Record<string, string>> = { string: 'a string', boolean: '`true` or `false`', null: '`null`' };

function formOf(described: Schema): string {
  const { type, enum: choices, minimum, maximum, items } = described;
  if ('anyOf' in described) return [...new Set(choicesOf(described).map(formOf))].join(', or ');
  if (Array.isArray(choices)) return choices.map((choice) => `\`${JSON.stringify(choice)}\``).join(', ');
  if (type === 'array') return `a list; each is ${formOf(object(items))}`;
  if (type === 'integer') return `a whole number from ${String(minimum)} to ${String(maximum)}`;
  if (type === 'object') return 'propertyNames' in described ? 'an object, by name' : 'an object';
  return forms[String(type)] ?? String(type);
}

function object(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
