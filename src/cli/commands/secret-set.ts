import { isatty } from 'node:tty';
import { readBounded } from '../bounded-file.ts';
import type { Command } from '../command.ts';
import { CommandFailed, WrongUsage } from '../failed.ts';
import { atVault, vaultOptions } from '../secret/at-vault.ts';

/** More than a vault takes, so that the vault says so. */
const mostBytes = 1024 * 1024;
const standardInput = 0;

export const secretSet: Command = {
  name: 'secret set',
  synopsis:
    'Sets a secret through the data plane, as the administrator: to the line on standard input, or to the contents of --file. Prints its id.',
  options: {
    vault: vaultOptions.vault,
    name: 'name of the secret',
    value: 'the value; other users of this machine can see it while the command runs',
    file: { help: 'file with the value, which is taken as it is', takes: 'file' },
    'content-type': 'what the value is, such as text/plain',
    from: vaultOptions.from,
    'local-address': vaultOptions['local-address'],
  },
  required: ['vault', 'name'],
  flags: { json: 'as JSON: what the vault says of the secret, such as { id, attributes }, without the value' },
  async run(options) {
    const { name = '', 'content-type': contentType } = options;
    const value = valueIn(options);
    const vault = await atVault(options);
    const answer = await vault.ask(`/secrets/${encodeURIComponent(name)}`, {
      method: 'PUT',
      json: { value, contentType },
    });
    const { value: _, ...said } = Object.fromEntries(answer);
    return { json: said, text: String(answer.get('id')) };
  },
};

function valueIn({ value, file }: { readonly value?: string | undefined; readonly file?: string | undefined }): string {
  if (value !== undefined && file !== undefined) {
    throw new WrongUsage('--value and --file cannot be used together; give one of them.');
  }
  if (value !== undefined) return value;
  if (file === undefined && isatty(standardInput)) {
    process.stderr.write('Type the value, which the terminal shows, and end it with Enter and Ctrl-D.\n');
  }
  // The line break at the end is the terminal's or that of echo, and not the secret's.
  if (file === undefined) return read(standardInput, 'standard input').replace(/\r?\n$/, '');
  return read(file, file);
}

function read(from: string | number, name: string): string {
  let contents: Buffer;
  try {
    contents = readBounded(from, mostBytes);
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(`The value cannot be read from ${name}: ${cause}`);
  }
  if (contents.length > mostBytes)
    throw new CommandFailed(`${name} has more than ${mostBytes} bytes; a secret has at most 25600.`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(contents);
  } catch {
    throw new CommandFailed(
      `${name} is not UTF-8, as a secret must be.`,
      'Encode it: base64 FILE | postern secret set ...',
    );
  }
}
