import { shown } from '../../lines/terminal.ts';
import { membersOf } from '../json.ts';
import type { Table } from '../command.ts';

type Members = ReadonlyMap<string, unknown>;

/** A clock that is further from that of the database is worth a look: tokens are judged by it. */
const aheadMaxMs = 1_000;

/** The nodes of a store, as the server lists them, for people. */
export function nodeTable(answer: Members): Table {
  const atMs = Date.parse(String(answer.get('at')));
  // By name: the database has them by their ids, which are random.
  const nodes = listIn(answer, 'nodes').toSorted((a, b) => (shown(a.get('name')) < shown(b.get('name')) ? -1 : 1));
  const rows = nodes.map((node) => [
    `${shown(node.get('name'))}${node.get('own') === true ? ' (this one)' : ''}`,
    stateOf(node),
    shown(node.get('release')),
    shown(node.get('address')),
    shown(node.get('since')).slice(0, 19),
    ageOf(node.get('seen'), atMs),
    clockOf(node.get('clockAheadMs')),
    idsOf(node.get('masterKeys')),
    shown(node.get('waiting')),
  ]);
  return {
    head: ['NODE', 'STATE', 'RELEASE', 'ADDRESS', 'SINCE', 'SEEN', 'CLOCK', 'MASTER KEYS', 'WAITING'],
    rows,
  };
}

/** Sentences about what an operator should look at. */
export function nodeNotes(answer: Members): readonly string[] {
  const nodes = listIn(answer, 'nodes');
  const dead = nodes.filter((node) => node.get('living') !== true);
  const off = nodes.filter((node) => Math.abs(Number(node.get('clockAheadMs') ?? 0)) > aheadMaxMs);
  return [
    ...dead.map((node) => {
      const name = shown(node.get('name'));
      const waiting = Number(node.get('waiting') ?? 0);
      const adopt = `start it with its data folder, or, if that is lost: postern nodes adopt --name ${name}`;
      const remedy =
        waiting > 0
          ? `${waiting} records of changes wait for its audit log: ${adopt}`
          : `If it does not come back: postern nodes remove --name ${name}`;
      return `The node ${name} is dead. ${remedy}`;
    }),
    ...off.map((node) => `The clock of the node ${shown(node.get('name'))} is wrong, or that of the database is.`),
    ...listIn(answer, 'unclaimed').map((one) => {
      const id = shown(one.get('id'));
      return `${shown(one.get('waiting'))} records of changes wait for a node that is gone: postern nodes adopt --name ${id}`;
    }),
  ];
}

function listIn(answer: Members, name: string): readonly Members[] {
  const list = answer.get(name);
  return Array.isArray(list) ? list.map(membersOf) : [];
}

function stateOf(node: Members): string {
  return node.get('living') === true ? shown(node.get('state')) : 'dead';
}

function ageOf(seen: unknown, atMs: number): string {
  const seconds = (atMs - Date.parse(String(seen))) / 1000;
  return Number.isFinite(seconds) ? `${Math.max(0, seconds).toFixed(1)} s ago` : '';
}

function clockOf(ahead: unknown): string {
  return typeof ahead === 'number' ? `${ahead >= 0 ? '+' : ''}${(ahead / 1000).toFixed(2)} s` : '';
}

function idsOf(keys: unknown): string {
  return Array.isArray(keys) ? keys.map((key) => shown(key)).join(' ') : '';
}
