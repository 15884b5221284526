import type { Audit } from '../audit/audit.ts';
import { adoptStaged, waitingByNode } from '../audit/staged.ts';
import type { Identity } from '../setup/identity.ts';
import { isLiving, livingMs } from '../store/node-store.ts';
import type { NodeRow, NodeStore } from '../store/node-store.ts';
import type { OpenedStore } from '../store/sealed.ts';
import type { Store } from '../store/store.ts';
import { detailsIn } from './node-details.ts';
import { orderToLeave } from './node-orders.ts';
import type { OwnNode } from './node.ts';
import { operatorRecord } from './operator-record.ts';

export interface NodeServices {
  readonly node: OwnNode;
  readonly store: Store & Pick<OpenedStore, 'acceptingCopy'>;
  readonly shared: Pick<NodeStore, 'accept' | 'state'>;
  readonly audit: Pick<Audit, 'read' | 'added'>;
  readonly identity: Pick<Identity, 'tenantId' | 'subscriptionId'>;
  readonly now: () => number;
  /** Ends this server as a signal does. */
  readonly end: () => void;
}

/** A request of the operator about the nodes of the store. */
export interface NodeRequest {
  readonly ask: 'nodes' | 'leave' | 'remove' | 'adopt' | 'accept';
  /** The node's name or id; without one, `leave` means this server. */
  readonly name?: string | undefined;
}

/** `message` is for the operator. */
export type NodeAnswer = Readonly<Record<string, unknown>> & { readonly ok: boolean };

/** The operator's commands about the nodes of a store, which any of them carries out. */
export class NodeCommands {
  readonly #services: NodeServices;

  constructor(services: NodeServices) {
    this.#services = services;
  }

  /** Answers one request. */
  answer(request: NodeRequest): Promise<NodeAnswer> {
    const { ask, name } = request;
    if (ask === 'nodes') return this.#list();
    if (ask === 'leave') return this.#leave(name);
    if (ask === 'accept') return this.#accept();
    return this.#withDead(name ?? '', ask);
  }

  async #list(): Promise<NodeAnswer> {
    const { node, store } = this.#services;
    const { nowMs, nodes } = await node.list();
    const waiting = await waitingByNode(store);
    const known = new Set(nodes.map(({ id }) => id));
    return {
      ok: true,
      at: iso(nowMs),
      nodes: nodes.map((row) => shown(row, { nowMs, own: row.id === node.id, waiting: waiting.get(row.id) ?? 0 })),
      unclaimed: [...waiting].flatMap(([id, records]) => (known.has(id) ? [] : [{ id, waiting: records }])),
    };
  }

  async #leave(name: string | undefined): Promise<NodeAnswer> {
    const { node, store, end } = this.#services;
    const found = name === undefined ? undefined : await this.#find(name);
    if (found !== undefined && !found.ok) return found;
    const asked = found?.row;
    if (asked === undefined || asked.id === node.id) {
      setImmediate(end);
      return { ok: true, name: node.name, own: true };
    }
    if (!isLiving(asked, found?.nowMs ?? 0))
      return refused(
        `the node ${asked.name} was not seen for ${livingMs / 1000} s, so it cannot be asked: "postern nodes remove" takes it out`,
      );
    await orderToLeave(store, asked.id, node.name);
    return { ok: true, name: asked.name, own: false };
  }

  /** Uses a database that this node refuses because it has lost changes. The record is in the log before that. */
  async #accept(): Promise<NodeAnswer> {
    const { node, store, shared } = this.#services;
    const { reachable, why, isRefusedForLoss } = shared.state();
    if (reachable) return refused('this node uses the database: there is nothing to accept; nothing was changed');
    if (isRefusedForLoss !== true)
      return refused(`that is not a loss of changes, which alone can be accepted; nothing was changed: ${why}`);
    await this.#record('accept', { id: node.id, name: node.name });
    try {
      await store.acceptingCopy(() => shared.accept());
    } catch (error) {
      const found = error instanceof Error ? error.message : String(error);
      return refused(
        `this node does not use the database yet: look at "postern status", and accept it again: ${found}`,
      );
    }
    return { ok: true, name: node.name, why };
  }

  /** Of a node that lives, records may still come, and it would be refused everything. */
  async #withDead(name: string, ask: 'remove' | 'adopt'): Promise<NodeAnswer> {
    const { node, store, audit } = this.#services;
    const waiting = await waitingByNode(store);
    const found = await this.#find(name);
    // A node whose row is gone is known by its records alone.
    const id = found.ok ? found.row.id : waiting.has(name) ? name : undefined;
    if (id === undefined) return found;
    if (id === node.id) return refused('this server is that node: ask another one, or use "postern nodes leave"');
    if (found.ok && isLiving(found.row, found.nowMs))
      return refused(
        `the node ${found.row.name} was seen ${ageOf(found.row, found.nowMs)} ago, and counts as dead after ${livingMs / 1000} s: stop it first, or use "postern nodes leave --name ${found.row.name}"`,
      );
    const records = waiting.get(id) ?? 0;
    if (ask === 'remove' && records > 0)
      return refused(
        `${records} records of changes wait for the audit log of ${name}: start it with its data folder; or, if that is lost, give them to this server with "postern nodes adopt --name ${name}"`,
      );
    await this.#record(ask, { id, name: found.ok ? found.row.name : id });
    // Before its records are taken, so that it cannot wake up and commit others.
    if (found.ok && !(await node.remove(id)) && (await this.#find(id)).ok)
      return refused(
        `the node ${found.row.name} was heard of just now, and was left as it is: look at "postern nodes"`,
      );
    const adopted = await adoptStaged(store, id, { id: node.id, name: node.name });
    if (adopted > 0) audit.added();
    return { ok: true, name: found.ok ? found.row.name : id, id, adopted };
  }

  async #find(name: string) {
    const { nowMs, nodes } = await this.#services.node.list();
    const row = nodes.find((one) => one.name === name) ?? nodes.find((one) => one.id === name);
    if (row !== undefined) return { ok: true as const, row, nowMs };
    const known = nodes.map((one) => one.name).join(', ');
    return { ...refused(`the store has no node ${name}; it has ${known}`), ok: false as const };
  }

  async #record(ask: keyof typeof actions, target: { readonly id: string; readonly name: string }): Promise<void> {
    const { audit, now, identity } = this.#services;
    const properties = { ofNode: target };
    await audit.read(operatorRecord({ action: actions[ask], atMs: now(), identity, accepted: true, properties }));
  }
}

/** The actions of their records. */
const actions = {
  remove: 'Postern.Server/nodes/delete',
  adopt: 'Postern.Server/nodes/adopt/action',
  accept: 'Postern.Server/store/accept/action',
} as const;

interface Shown {
  readonly nowMs: number;
  readonly own: boolean;
  readonly waiting: number;
}

function shown(row: NodeRow, { nowMs, own, waiting }: Shown): object {
  const { release, state, address, clockAheadMs, masterKeys } = detailsIn(row) ?? {};
  return {
    name: row.name,
    id: row.id,
    own,
    living: isLiving(row, nowMs),
    state,
    release,
    since: iso(row.startedMs),
    seen: iso(row.seenMs),
    clockAheadMs,
    address,
    masterKeys,
    waiting,
  };
}

function ageOf({ seenMs }: NodeRow, nowMs: number): string {
  return `${Math.max(0, Math.round((nowMs - seenMs) / 100) / 10)} s`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function refused(message: string): NodeAnswer {
  return { ok: false, message };
}
