/** Opens the store of the folder, then rotates its master key without end, until it is killed. */
import { join } from 'node:path';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { openRotation } from './rotation.ts';

const [folder = ''] = process.argv.slice(2);
const { keys } = await openRotation(folder, await openSqliteStore({ file: join(folder, 'postern.db') }));
process.stdout.write('begins\n');
for (;;) await keys.rotate({ of: 'masterKey', key: undefined });
