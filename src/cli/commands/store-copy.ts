import { readFileSync } from 'node:fs';
import { outboxPrefix } from '../../audit/staged.ts';
import { authorityFilesOf, hasPassword, shownUrl } from '../../settings/store-config.ts';
import { copyStore } from '../../store/copy-store.ts';
import type { Copied } from '../../store/copy-store.ts';
import { StoreRefused } from '../../store/refused.ts';
import { Unavailable } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { Command, Options } from '../command.ts';
import { CommandFailed, WrongUsage } from '../failed.ts';
import { openDatabaseStore } from '../store-copy/database-store.ts';
import type { DatabaseWanted } from '../store-copy/database-store.ts';
import { timeInName } from '../time-in-name.ts';
import { openFromFolder, openInFolder } from '../store-copy/folder-store.ts';

export const storeCopy: Command = {
  name: 'store copy',
  synopsis:
    'Copies the records of a stopped server from its data folder into a database, or back, and reads all of them again. It needs no master key: they stay sealed. No server starts on a copy that is not whole.',
  options: {
    from: { help: 'a data folder, or a database: postgres://USER@HOST/DATABASE', value: 'DIR|URL', takes: 'folder' },
    to: { help: 'the other of the two, which holds no records', value: 'DIR|URL', takes: 'folder' },
    'password-file': {
      help: 'file with the password of the database (default PGPASSWORD, or none)',
      value: 'FILE',
      takes: 'file',
    },
    'ca-file': {
      help: 'PEM: the authorities that the certificate of the database is verified with (default those that Node trusts)',
      value: 'FILE',
      takes: 'file',
    },
  },
  required: ['from', 'to'],
  isWithoutData: true,
  flags: {
    replace: 'takes the place of what is there: in a folder it is renamed, in a database it is removed',
    json: 'as JSON: from, to, records, bytes, sha256, waiting (records for the audit log), replaced',
  },
  progress: 'Copying the store',
  async run(options, { flags }) {
    const way = wayOf(options);
    const replace = flags.has('replace');
    const replacedName = `postern.db.replaced-${timeInName(Date.now())}`;
    const { copied, replaced } = await orFailed(() => copyBetween(way, { replace, replacedName }));
    const json = { from: way.from, to: way.to, ...copied, replaced: replaced ?? null };
    return { json, text: describe(way, copied, replaced) };
  },
};

interface Way {
  /** As they are shown. */
  readonly from: string;
  readonly to: string;
  readonly folder: string;
  readonly database: DatabaseWanted;
  readonly isIntoDatabase: boolean;
}

function wayOf({ from = '', to = '', 'password-file': passwordFile, 'ca-file': caFile }: Options): Way {
  const isIntoDatabase = isUrl(to);
  if (isUrl(from) === isIntoDatabase) {
    const hint = isIntoDatabase
      ? 'Between databases: pg_dump and pg_restore of the schema, while no server runs.'
      : 'Between folders: postern backup and postern restore, or cp -a while no server runs.';
    throw new WrongUsage('One of --from and --to is a data folder, and the other a database (postgres://…).', hint);
  }
  const url = isIntoDatabase ? to : from;
  if (hasPassword(url))
    throw new WrongUsage(
      `--${isIntoDatabase ? 'to' : 'from'} has a password, which others can read in the list of processes.`,
      'Give it in PGPASSWORD or with --password-file.',
    );
  if (passwordFile !== undefined && process.env['PGPASSWORD'] !== undefined)
    throw new WrongUsage('--password-file and PGPASSWORD are both given.', 'Give one of them.');
  // Before this process becomes the user of the data folder.
  const password = passwordFile === undefined ? process.env['PGPASSWORD'] : contents('--password-file', passwordFile);
  const ca = caFile === undefined ? authoritiesOf(url) : contents('--ca-file', caFile);
  return {
    from: isIntoDatabase ? from : shownUrl(from),
    to: isIntoDatabase ? shownUrl(to) : to,
    folder: isIntoDatabase ? from : to,
    database: { url, password: password?.replace(/\r?\n$/, ''), ca },
    isIntoDatabase,
  };
}

function isUrl(place: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(place);
}

/** The file that a URL names is found from where the command was given, as those of the options are. */
function authoritiesOf(url: string): string | undefined {
  const none = { password: undefined, passwordFile: undefined, caFile: undefined, listenUrl: undefined };
  const [named] = authorityFilesOf({ url, ...none });
  return named && contents('sslrootcert', named[1]);
}

function contents(named: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailed(`${named}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

interface Replacing {
  readonly replace: boolean;
  readonly replacedName: string;
}

/** The folder is entered first, since this process then becomes its user. */
async function copyBetween({ folder, database, isIntoDatabase }: Way, { replace, replacedName }: Replacing) {
  const embedded = await (isIntoDatabase ? openFromFolder(folder) : openInFolder(folder, { replace, replacedName }));
  try {
    const shared = await openDatabaseStore(database);
    try {
      const [from, to]: [Store, Store] = isIntoDatabase
        ? [embedded.store, shared.store]
        : [shared.store, embedded.store];
      const copied = await copyStore({ from, to, replace: replace && isIntoDatabase, outboxPrefix });
      await embedded.store.close();
      return { copied, replaced: embedded.replaced };
    } finally {
      await shared.close();
    }
  } catch (error) {
    await embedded.giveUp();
    throw error;
  }
}

async function orFailed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreRefused || error instanceof Unavailable) throw new CommandFailed(error.message);
    throw error;
  }
}

function describe(
  { from, to, database, isIntoDatabase }: Way,
  { records, waiting }: Copied,
  replaced: string | undefined,
) {
  const [start, then] = isIntoDatabase
    ? [
        `Start the server with what ${from} has besides: postern start --data ${from} --store '${database.url}'.`,
        `From then on its commit mark refuses the records in ${from}.`,
      ]
    : [
        'Start the server with the master key and the commit mark of a node:',
        `put both into ${to}, or name them in the configuration.`,
      ];
  return [
    `${to} has the ${records} records of ${from}; all were read again.`,
    ...(replaced === undefined ? [] : [`What was there before is in ${replaced}.`]),
    `${start} ${then}`,
    ...(waiting === 0
      ? []
      : [
          `${waiting} records wait for the audit log: start first on the folder that has the log of their server, so that none is in it twice.`,
        ]),
    `${from} is as it was. Start no server on its records again.`,
  ].join('\n');
}
