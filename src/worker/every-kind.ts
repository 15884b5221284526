import { dataFormat } from '../store/keys.ts';
import { openFolder } from './folder.ts';
import { seedStore } from './seed.ts';
import { openServer } from './server.ts';
import { upgradeStore } from './upgrade.ts';

/**
 * For a program that reads records without being a server: every room is loaded that declares kinds of records, so that
 * `kindOf` knows each, and `format` is that of this release.
 */
export const everyKind = { format: dataFormat(), of: [openFolder, seedStore, openServer, upgradeStore] };
