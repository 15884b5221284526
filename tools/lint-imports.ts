import type { Override } from './lint-types.ts';
import type { Room } from './rooms.ts';
import { rooms } from './rooms.ts';

/** How many folders deep a file may be: `src/room/file.ts` is 1. Deeper files may import nothing, so there are none. */
const deepest = 2;

/** The packages of the portal's pages; Vite bundles them. */
const bundled = ['preact', 'oauth4webapi'];

/** The import rules, for each room from the table and for everything outside `src/`. */
export function importRules(packages: readonly string[]): readonly Override[] {
  const nowhere = restrict(['**'], 'this folder is not a room, or is too deep in one: see tools/rooms.ts');
  return [
    { files: ['src/**'], rules: nowhere },
    { files: ['src/main.ts', 'src/reader.ts'], rules: restrict([], '') },
    ...Object.entries(rooms).flatMap(([name, room]) => rulesOfRoom(name, room, packages)),
    {
      files: ['test/**', 'bench/**', 'tools/**'],
      rules: restrict(['**/src/main.ts'], 'the worker is started as a process, never imported'),
    },
  ];
}

function rulesOfRoom(name: string, room: Room, packages: readonly string[]): readonly Override[] {
  return Array.from({ length: deepest }, (_, level) => ({
    files: [`src/${name}${'/*'.repeat(level + 1)}`],
    rules: restrict(
      ['**', ...insideTheRoom(level), ...otherRooms(room, level), ...outside(room, packages)],
      `${name}/ may import only what its row in tools/rooms.ts has`,
    ),
  }));
}

/** In the linter's patterns (as in .gitignore) the last match decides, and `!` allows. */
function insideTheRoom(level: number): readonly string[] {
  return ['!./**', ...(level === 0 ? [] : ['!../**', `${'../'.repeat(level + 1)}**`])];
}

function otherRooms(room: Room, level: number): readonly string[] {
  const source = '../'.repeat(level + 1);
  return room.imports.map((other) => `!${source}${other}${other.endsWith('.ts') ? '' : '/**'}`);
}

function outside(room: Room, packages: readonly string[]): readonly string[] {
  if (room.platform === 'pure') return [];
  if (room.platform === 'browser') return bundled.flatMap(allowPackage);
  // The environment reaches a room as an argument, a room is not a test, and `createRequire` would bypass these rules.
  const node = ['!node:*', '!node:*/**', 'node:process', 'node:test', 'node:module'];
  return room.platform === 'node only' ? node : [...node, ...packages.flatMap(allowPackage)];
}

function allowPackage(name: string): readonly string[] {
  return [`!${name}`, `!${name}/**`];
}

function restrict(group: readonly string[], message: string): Override['rules'] {
  const roundabout = { regex: String.raw`[^.]/\.\.?(/|$)|^\./\.|//|[%\\]`, message: 'write the shortest path' };
  const patterns = group.length === 0 ? [roundabout] : [roundabout, { group, message }];
  return { 'no-restricted-imports': ['error', { patterns }] };
}
