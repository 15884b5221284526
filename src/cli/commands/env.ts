import { join } from 'node:path';
import type { Command } from '../command.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed, WrongUsage } from '../failed.ts';
import { javaEnvironment } from '../run/environment.ts';
import type { EnvironmentChange } from '../run/environment.ts';
import { changeFor } from '../run/program.ts';
import { cacheFolder } from '../run/roots.ts';
import { readServer } from '../run/server.ts';
import { shellWord } from '../shell-word.ts';

/** How the variables are printed. */
const forms: Readonly<Record<string, (change: EnvironmentChange) => string>> = {
  shell: ({ set, unset }) =>
    [
      ...lines(set, (name, value) => `export ${name}=${shellWord(value)}`),
      ...unset.map((name) => `unset ${name}`),
    ].join('\n'),
  json: ({ set, unset }) =>
    JSON.stringify({ ...set, ...Object.fromEntries(unset.map((name) => [name, null])) }, undefined, 2),
  dotenv: ({ set }) => lines(set, (name, value) => `${name}=${dotenvValue(name, value)}`).join('\n'),
  github: ({ set, unset }) =>
    [...lines(set, (name, value) => `${name}=${oneLine(name, value)}`), ...unset.map((name) => `${name}=`)].join('\n'),
};

export const env: Command = {
  name: 'env',
  synopsis: 'Prints the variables that "run" sets.',
  options: { as: 'name of the managed identity (default developer)' },
  required: [],
  flags: {
    shell: 'for a shell, to be evaluated (the default)',
    json: 'as JSON: the variables by name, null for one to remove',
    dotenv: 'for a file .env',
    github: 'for the file that $GITHUB_ENV names',
    az: 'also what the Azure CLI needs: a configuration folder of its own, in which the cloud is registered',
    java: 'also what Java needs: the file of roots with the server in it, by JAVA_TOOL_OPTIONS',
  },
  async run({ data = 'postern-data', as }, { flags }) {
    const asked = Object.keys(forms).filter((name) => flags.has(name));
    if (asked.length > 1) throw new WrongUsage(`--${asked.join(' and --')} cannot be used together; give one of them.`);
    const connection = readServer(data);
    const { change, roots } = await changeFor(connection, as);
    const { azureCli } = await import('../run/azure-cli.ts');
    const set = {
      ...change.set,
      ...(flags.has('az') && (await azureCli(connection, azureFolder(connection)))),
      ...(flags.has('java') && javaEnvironment(process.env, roots.java())),
    };
    return forms[asked[0] ?? 'shell']?.({ set, unset: change.unset }) ?? '';
  },
};

/** One for each server, so that a session at one is not one at another. */
function azureFolder({ dataDir, tenantId }: Connection): string {
  return cacheFolder(join('azure-cli', tenantId), dataDir);
}

function lines(set: EnvironmentChange['set'], line: (name: string, value: string) => string): readonly string[] {
  return Object.entries(set).map(([name, value]) => line(name, value));
}

/** A shell that sources the file expands what is in quotation marks, as some programs do; none expands what is in apostrophes. */
function dotenvValue(name: string, value: string): string {
  return /["$`\\]/.test(value) ? `'${oneLine(name, value, "'")}'` : `"${oneLine(name, value)}"`;
}

/** The rest of a value with a line break would be taken for other variables. */
function oneLine(name: string, value: string, without = '\n'): string {
  if (!/[\r\n\0]/.test(value) && !value.includes(without)) return value;
  throw new CommandFailed(`The value of ${name} cannot be written in this form.`, 'Use --shell or --json.');
}
