import type { Command } from './command.ts';
import { explain } from './commands/explain.ts';
import { hosts } from './commands/hosts.ts';
import { listenerClose } from './commands/listener-close.ts';
import { listenerList } from './commands/listener-list.ts';
import { listenerOpen } from './commands/listener-open.ts';
import { secretShow } from './commands/secret-show.ts';
import { token } from './commands/token.ts';

/** Every command but `start`, in the order of the help. */
export const commands: readonly Command[] = [
  secretShow,
  explain,
  token,
  hosts,
  listenerOpen,
  listenerClose,
  listenerList,
];
